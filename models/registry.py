"""Every architecture, by name. Reading this file loads neither timm nor torchvision: `build` does, when it is called."""

from functools import partial

from torch import nn

from models.cbam import build_resnet18_cbam
from models.compact_cnn import build_compact_cnn
from models.errors import ModelsError
from models.mlp_mixer import build_mlp_mixer
from models.nanodet import build_nanodet_plus_m
from models.nasnet import build_nasnet_mobile
from models.plain_cnn import build_plain_cnn
from models.spec import IMAGENET_MEAN, IMAGENET_STD, ModelSpec
from models.ssdlite import build_ssdlite320
from models.timm_split import build_timm, build_vit_small
from models.yolov5 import build_yolov5n

HALF = (0.5, 0.5, 0.5)  # mean and deviation: −1…1
ZERO, ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # 0…1, as it comes


class ModelNotFound(ModelsError, LookupError):
    """The registry has no row of that name."""


REGISTRY: dict[str, ModelSpec] = {
    "resnet50": ModelSpec(
        name="resnet50",
        title="ResNet50",
        task="classify",
        source="timm:resnet50",
        build=partial(build_timm, "resnet50"),
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=23_508_032,
        seed="000, the chosen classifier and Table 5; 002, Table 2",
    ),
    "resnet50v2": ModelSpec(
        name="resnet50v2",
        title="ResNet50V2",
        task="classify",
        source="timm:resnetv2_50",
        build=partial(build_timm, "resnetv2_50"),
        input_size=224,
        channels=3,
        mean=HALF,
        std=HALF,
        parameters=23_500_352,
        seed="004, section 3.4",
    ),
    "mobilenetv2": ModelSpec(
        name="mobilenetv2",
        title="MobileNetV2",
        task="classify",
        source="timm:mobilenetv2_100",
        build=partial(build_timm, "mobilenetv2_100"),
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=2_223_872,
        seed="001, section 3.2; 002, Table 2; 004, section 3.4",
    ),
    "mobilenetv3_large": ModelSpec(
        name="mobilenetv3_large",
        title="MobileNetV3-Large",
        task="classify",
        source="timm:mobilenetv3_large_100",
        build=partial(build_timm, "mobilenetv3_large_100"),
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=4_202_032,
        seed="000, Table 5",
    ),
    "efficientnet_b0": ModelSpec(
        name="efficientnet_b0",
        title="EfficientNet-B0",
        task="classify",
        source="timm:efficientnet_b0",
        build=partial(build_timm, "efficientnet_b0"),
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=4_007_548,
        seed="000, Table 5; 001, section 3.3",
    ),
    "densenet121": ModelSpec(
        name="densenet121",
        title="DenseNet121",
        task="classify",
        source="timm:densenet121",
        build=partial(build_timm, "densenet121"),
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=6_953_856,
        seed="003, ResNet and DenseNet",
    ),
    "nasnet_mobile": ModelSpec(
        name="nasnet_mobile",
        title="NASNet-A Mobile",
        task="classify",
        source="assay:nasnet",
        build=build_nasnet_mobile,
        input_size=224,
        channels=3,
        mean=HALF,
        std=HALF,
        parameters=4_232_978,
        seed="002, Table 1",
    ),
    "mlp_mixer": ModelSpec(
        name="mlp_mixer",
        title="MLP-Mixer, small",
        task="classify",
        source="timm:MlpMixer",
        build=build_mlp_mixer,
        input_size=224,
        channels=3,
        mean=HALF,
        std=HALF,
        parameters=4_814_112,
        seed="001, section 3.5",
    ),
    "convnext_tiny": ModelSpec(
        name="convnext_tiny",
        title="ConvNeXt-Tiny",
        task="classify",
        source="timm:convnext_tiny",
        build=partial(build_timm, "convnext_tiny"),
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=27_820_128,
        seed="000, section 4",
    ),
    "mobilevit_xxs": ModelSpec(
        name="mobilevit_xxs",
        title="MobileViT-XXS",
        task="classify",
        source="timm:mobilevit_xxs",
        build=partial(build_timm, "mobilevit_xxs"),
        input_size=256,
        channels=3,
        mean=ZERO,
        std=ONE,
        parameters=951_024,
        seed="000, section 4",
    ),
    "vit_small": ModelSpec(
        name="vit_small",
        title="ViT-Small/16, average pooling",
        task="classify",
        source="timm:vit_small_patch16_224",
        build=build_vit_small,
        input_size=224,
        channels=3,
        mean=HALF,
        std=HALF,
        parameters=21_664_896,
        seed="000, section 4",
    ),
    "resnet18_cbam": ModelSpec(
        name="resnet18_cbam",
        title="ResNet18 with CBAM",
        task="classify",
        source="timm:resnet18",
        build=build_resnet18_cbam,
        input_size=224,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=11_264_352,
        seed="003, attention",
    ),
    "plain_cnn": ModelSpec(
        name="plain_cnn",
        title="Plain CNN",
        task="classify",
        source="assay:plain_cnn",
        build=build_plain_cnn,
        input_size=224,
        channels=3,
        mean=HALF,
        std=HALF,
        parameters=1_199_616,
        seed="001, section 3.4",
    ),
    "compact_cnn": ModelSpec(
        name="compact_cnn",
        title="Compact CNN, grey",
        task="classify",
        source="assay:compact_cnn",
        build=build_compact_cnn,
        input_size=256,
        channels=1,
        mean=(0.5,),
        std=(0.25,),
        parameters=5_408,
        seed="002, Table 1",
    ),
    "yolov5n": ModelSpec(
        name="yolov5n",
        title="YOLOv5n",
        task="detect",
        source="assay:yolov5",
        build=build_yolov5n,
        input_size=320,
        channels=3,
        mean=ZERO,
        std=ONE,
        parameters=1_765_270,
        seed="000, the product detector; 003, YOLO and SSD",
    ),
    "ssdlite320": ModelSpec(
        name="ssdlite320",
        title="SSDLite320, MobileNetV3",
        task="detect",
        source="torchvision:ssdlite320_mobilenet_v3_large",
        build=build_ssdlite320,
        input_size=320,
        channels=3,
        mean=HALF,
        std=HALF,
        parameters=2_206_520,
        seed="003, YOLO and SSD",
    ),
    "nanodet_plus_m": ModelSpec(
        name="nanodet_plus_m",
        title="NanoDet-Plus-m",
        task="detect",
        source="assay:nanodet",
        build=build_nanodet_plus_m,
        input_size=320,
        channels=3,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        parameters=1_167_272,
        seed="000, Table 5",
    ),
}


def find_spec(name: str) -> ModelSpec:
    if name not in REGISTRY:
        raise ModelNotFound(
            f"Expected one of {', '.join(sorted(REGISTRY))}; got '{name}'. Check the spelling."
        )
    return REGISTRY[name]


def build_network(name: str, num_classes: int, *, pretrained: bool = False) -> nn.Module:
    return find_spec(name).build(num_classes, pretrained=pretrained)
