"""Every reader there is, by name; `Reader.share` of all of them together is about 1,000."""

from __future__ import annotations

from tests.mutating import (
    detection_readers,
    figure_readers,
    gate_readers,
    history_readers,
    kept_readers,
    machine_readers,
    network_readers,
    profile_readers,
    run_readers,
)

READERS = {
    reader.name: reader
    for readers in (
        run_readers.READERS,
        machine_readers.READERS,
        gate_readers.READERS,
        network_readers.READERS,
        detection_readers.READERS,
        history_readers.READERS,
        kept_readers.READERS,
        profile_readers.READERS,
        figure_readers.READERS,
    )
    for reader in readers
}
