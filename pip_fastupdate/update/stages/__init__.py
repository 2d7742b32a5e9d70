"""The stages of a run, one module each; guard and scan share one."""
