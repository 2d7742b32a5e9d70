"""The best consistent set of versions: a pool in, an assignment out.

**Consistent** is an assignment in which every requirement is fulfilled, but for those that were violated before and
about which nothing changes; in which nothing is older than it is, or gone; and in which pre-releases are chosen only
where the policy admits them, or a requirement in force names one or admits nothing else (as pip does).

**Best** is, of all consistent assignments, the one that fulfils these wishes, each before all that follow:

1. as many as possible of the names that the user gave are at their newest;
2. as many as possible of those that the user once asked for by name (REQUESTED) are;
3. as many as possible of all others are;
4. of equally many, those that come first are: what no other requires before what others do, then who requires before
   who is required (by the newest versions), then by name;
5. in the same order, each is as new as it can be;
6. what was missing before the run, and is required by what has not changed, is there;
7. what a requirement asks a pre-release of goes on to it, if nothing has to give way;
8. additions are as new as they can be, and nothing is added that is not required.

With names given, only these count in 1 to 5; then as many others as possible stay as they are, and those that must
move do so as little as they can. Nothing missing is added.

How it is found: `engine` is a conflict-driven search over variables with many values; `encoding` writes the pool down
for it, as far as the search comes; `solver` answers "is there a solution with this?" again and again, and never
forgets; `objectives` asks it for one wish after the other; `search` is the order above.
"""
