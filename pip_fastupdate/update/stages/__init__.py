"""The stages of a run, a module each; guard and scan share one."""
