"""How pixels become numbers, apart from the code that does it: a card is read without loading image libraries."""

PREPROCESSING = 2  # raised with every change that could move a score

# x · scale + offset, per channel, of pixels 0…255 in RGB
SCALINGS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "0..255": ((1.0,) * 3, (0.0,) * 3),
    "0..1": ((1 / 255,) * 3, (0.0,) * 3),
    "-1..1": ((1 / 127.5,) * 3, (-1.0,) * 3),
    "imagenet": (
        (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
    ),
    "caffe": ((1.0,) * 3, (-123.68, -116.779, -103.939)),  # with bgr: the input of Keras' ResNet50
}
