"""Build hook: the cffi module and the tag of the wheel; everything else is in pyproject.toml."""

from __future__ import annotations

import sysconfig

from setuptools import setup

abi3 = {} if sysconfig.get_config_var("Py_GIL_DISABLED") else {"bdist_wheel": {"py_limited_api": "cp310"}}
setup(cffi_modules=["csrc/build_ffi.py:ffi"], options=abi3)
