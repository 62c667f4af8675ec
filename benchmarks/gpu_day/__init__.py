"""All that a GPU has to tell, in order of worth, in the few minutes that there is one: `python -m benchmarks.gpu_day`.

`steps` says what is asked, `running` has one command run within its limits, `kept` what is on disk and what is left to
do, `packing` what is carried away; `machine`, `tuning` and `sectors` are programs of single steps.
"""
