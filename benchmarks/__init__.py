"""Measurements behind every figure in the documents: python -m benchmarks.all --pop909 PATH"""
