"""What runs a model: OpenVINO on a CPU, torch on CUDA and as the reference."""
