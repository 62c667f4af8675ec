"""Prints how many forms of each replaced block of table 5 were tried, and which have the paper's counts."""

from __future__ import annotations

from impls.hadaptive.replacing.forms.trying import GRIDS, tried
from impls.hadaptive.training.command import application, run

app = application()


@app.command(epilog="Example:  python -m impls.hadaptive.replacing.forms")
def forms() -> None:
    """Try all likely forms of the replaced blocks of table 5 and print those with the paper's parameters and FLOPs."""
    for label in GRIDS:
        number, agreeing = tried(label)
        print(f"{label}: {len(agreeing)} of {number} forms have the paper's parameters and FLOPs")
        for form in agreeing:
            print(
                f"  {form.steps}; k = {form.k}, {form.wide} channels, kernel {form.kernel}, squeezed to {form.squeezed}"
            )


if __name__ == "__main__":
    run(app, "forms", "nothing was kept; it starts anew")
