"""What the tests stand on: wheels made on the spot, an index on 127.0.0.1, and real virtual environments.

To begin with, mostly these four:

- ``wheels``: wheels and sdists, valid unless told otherwise; ``raw_wheels``: wheels of which every field may lie
- ``local_index``: an index (``LocalIndex.release`` adds one, with ``requires``, ``upload_time``, ``yanked`` …)
- ``environments``: virtual environments (``Env``; ``install``, ``installed``, ``run``), each with a home of its own
- ``pools``: worlds for the planner in a few lines, without an index; ``reports``: rows and whole reports

What they stand on, and what is for one subject alone:

- indexes and networks: ``index_server``, ``index_pages``, ``served``, ``scripted_server``, ``servers``, ``proxy``,
  ``certificates``, ``system_trust``, ``osv_server``, ``fake_session``, ``source_records``, ``histories``,
  ``real_advisories``
- environments: ``copies``, ``pip_server``, ``volumes``, ``platforms`` (Windows and macOS, simulated), ``rationing``
- reports: ``big_report``, ``schema``
- all kinds: ``parsers`` (everything that reads what comes from outside), ``thoroughness``
"""
