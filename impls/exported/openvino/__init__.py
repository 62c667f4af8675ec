"""OpenVINO as a further runtime of exported files: opened (`session.py`), and as a backend (`backend.py`)."""
