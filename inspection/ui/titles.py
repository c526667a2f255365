"""What people call the models. Said again here because the registry brings torch along, a second at each start;
tests/ui/test_titles.py holds the two together.
"""

TITLES: dict[str, str] = {
    "resnet50": "ResNet50",
    "resnet50v2": "ResNet50V2",
    "mobilenetv2": "MobileNetV2",
    "mobilenetv3_large": "MobileNetV3-Large",
    "efficientnet_b0": "EfficientNet-B0",
    "densenet121": "DenseNet121",
    "nasnet_mobile": "NASNet-A Mobile",
    "mlp_mixer": "MLP-Mixer, small",
    "convnext_tiny": "ConvNeXt-Tiny",
    "mobilevit_xxs": "MobileViT-XXS",
    "vit_small": "ViT-Small/16, average pooling",
    "resnet18_cbam": "ResNet18 with CBAM",
    "plain_cnn": "Plain CNN",
    "compact_cnn": "Compact CNN, grey",
    "yolov5n": "YOLOv5n",
    "ssdlite320": "SSDLite320, MobileNetV3",
    "nanodet_plus_m": "NanoDet-Plus-m",
}
