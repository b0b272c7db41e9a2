

# --- Appended by hpc-gat (defs/triton-cpu/numpy2-bridge.py) ---
# The compiled stub was built against NumPy 1. Under NumPy 2 its conversions go wrong without an
# error: Tensor.as_numpy() repeats the first element, and Tensor(name, array) has no bytes. DLPack
# does not pass through them. BYTES tensors have no DLPack form and fail clearly instead.
if int(np.__version__.split(".")[0]) >= 2:
    import c_python_backend_utils as _stub

    def _tensor_from_array(cls, name, array):
        return cls.from_dlpack(name, np.require(array, requirements=["C", "W"]))

    _stub.Tensor.as_numpy = lambda self: np.from_dlpack(self)
    _stub.Tensor.__new__ = _tensor_from_array
    _stub.Tensor.__init__ = lambda self, *args, **kwargs: None
