"""The code of a team for Channels 1.x: its settings, its files, its loading, and the sentences about its faults.

No fault of that code ends a process of Signalbox: a process goes on without the team's apps, and workers of Channels
1.x code wait for the correction. `settings.CHANNEL_FAULT` is the sentence about the fault, or empty.
"""
