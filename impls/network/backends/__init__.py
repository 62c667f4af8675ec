"""The networks' backends that are more than one backend of the product inside PyTorch's layers.

Those come without a file: `product_backends.products_inside` makes one for every backend of the product.
"""
