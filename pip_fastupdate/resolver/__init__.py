"""The best consistent set of versions: a pool in, an assignment out.

An assignment is **consistent** if every requirement is satisfied, except those that were violated before and whose ends
do not change; if nothing is older than before, or gone; and if pre-releases are chosen only if the policy allows them,
or a requirement in force names one or allows nothing else (as in pip).

The **best** consistent assignment satisfies these wishes, each before all that follow:

1. as many as possible of the names that the user gave are at their newest;
2. as many as possible of those that the user once asked for by name (REQUESTED) are;
3. as many as possible of all others are;
4. among equally many, the first ones are: what no other requires before what others do, then requirers before what they
   require (by the newest versions), then by name;
5. in the same order, each is as new as possible;
6. what was missing before the run, and is required by something unchanged, is there;
7. a package whose pre-release is required goes on to it, if nothing else has to change;
8. additions are as new as possible, and nothing is added that is not required.

With names given, only these count in 1 to 5; then as many others as possible stay unchanged, and the rest change as
little as possible. Nothing missing is added.

The search: `engine` is a conflict-driven search over variables with many values; `encoding` writes the pool for it, as
far as the search gets; `solver` finds solutions under assumptions again and again, and never forgets; `objectives`
asks it for one wish after the other; `search` is the order above.
"""
