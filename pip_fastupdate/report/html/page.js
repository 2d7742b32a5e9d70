"use strict";
(() => {
  const packages = new Map(Object.entries(JSON.parse(document.getElementById("data").textContent)));
  const panel = document.getElementById("chain");
  const graph = document.getElementById("graph");
  const nodes = new Map();
  const edges = [];
  let opener = null;

  // Text from outside only ever becomes text: nothing here makes markup of a string.
  const make = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };

  const nameButton = (name, text) => {
    const button = make("button", text, "name");
    button.type = "button";
    button.addEventListener("click", () => select(name));
    return button;
  };

  const holders = (name) => [...new Set((packages.get(name)?.reasons ?? []).map((each) => each[1]).filter(Boolean))];

  // A tree in which each name is explained once.
  const tree = (name, branches, told) => {
    const list = make("ul");
    for (const [text, next] of branches(name)) {
      const item = make("li");
      const known = next && packages.has(next);
      item.append(known ? nameButton(next, text) : text);
      if (known && !told.has(next)) {
        told.add(next);
        const below = tree(next, branches, told);
        if (below.children.length) item.append(below);
      } else if (known) {
        item.append(" (see above)");
      }
      list.append(item);
    }
    return list;
  };

  const upwards = (name) => (packages.get(name)?.reasons ?? []);
  const requirers = (name) => (packages.get(name)?.required ?? []).map(([by, wanted]) => [`${by} requires ${wanted}`, by]);

  function select(name) {
    const found = packages.get(name);
    if (!found) return;
    if (panel.hidden || !panel.contains(document.activeElement)) opener = document.activeElement;
    const title = make("h2", `${name} ${found.state}`);
    title.tabIndex = -1;
    const parts = [title];
    for (const [heading, branches] of [["Reasons", upwards], ["Who requires it", requirers]]) {
      const list = tree(name, branches, new Set([name]));
      parts.push(make("h3", heading), list.children.length ? list : make("p", branches === upwards ? "Nothing." : "Nothing installed."));
    }
    const close = make("button", "Close", "close");
    close.type = "button";
    close.addEventListener("click", hide);
    panel.replaceChildren(...parts, close);
    panel.hidden = false;
    title.focus({ preventScroll: true });
    mark(name);
  }

  function hide() {
    panel.hidden = true;
    mark(null);
    if (opener?.isConnected) opener.focus();
  }

  // The names above and below one of them in the graph.
  function chainOf(name) {
    const found = new Set(name ? [name] : []);
    for (const [from, to] of [["held", "holder"], ["holder", "held"]]) {
      const seen = new Set(name ? [name] : []);
      for (const each of seen) for (const edge of edges) if (edge[from] === each) seen.add(edge[to]);
      seen.forEach((each) => found.add(each));
    }
    return found;
  }

  function mark(name) {
    const chain = chainOf(name);
    nodes.forEach((button, each) => {
      button.classList.toggle("chain", chain.has(each));
      button.setAttribute("aria-pressed", String(each === name));
    });
    edges.forEach((edge) => edge.path.classList.toggle("chain", chain.has(edge.held) && chain.has(edge.holder)));
  }

  // How far from whoever is held by nobody: the column. What holds each other in a circle shares one.
  function columns() {
    const depth = new Map();
    const visit = (name, path) => {
      if (depth.has(name)) return depth.get(name);
      if (path.has(name)) return -1;
      path.add(name);
      const found = Math.max(-1, ...holders(name).map((each) => visit(each, path))) + 1;
      path.delete(name);
      depth.set(name, found);
      return found;
    };
    for (const name of packages.keys()) {
      if (packages.get(name).held && holders(name).length) visit(name, new Set());
    }
    const made = [];
    [...depth.keys()].sort().forEach((name) => (made[depth.get(name)] ??= []).push(name));
    return made.filter(Boolean);
  }

  // Neighbours near each other: by the mean place of the holders.
  function arranged(made) {
    const place = new Map();
    made.forEach((names, column) => {
      const wish = (name) => {
        const places = holders(name).filter((each) => place.has(each)).map((each) => place.get(each));
        return places.length ? places.reduce((a, b) => a + b, 0) / places.length : Infinity;
      };
      if (column) names = names.map((name) => [wish(name), name]).sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1)).map((each) => each[1]);
      names.forEach((name, row) => place.set(name, row / names.length));
      made[column] = names;
    });
    return made;
  }

  function build() {
    const made = arranged(columns());
    if (!made.length) return;
    const box = make("div", undefined, "columns");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    for (const names of made) {
      const list = make("ul");
      for (const name of names) {
        const button = make("button", name, packages.get(name).held ? "held" : "");
        button.type = "button";
        button.title = `${name} ${packages.get(name).state}`;
        button.setAttribute("aria-pressed", "false");
        button.addEventListener("click", () => select(name));
        nodes.set(name, button);
        const item = make("li");
        item.append(button);
        list.append(item);
      }
      box.append(list);
    }
    for (const held of nodes.keys()) {
      for (const holder of holders(held)) {
        if (!nodes.has(holder)) continue;
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        svg.append(path);
        edges.push({ held, holder, path });
      }
    }
    box.append(svg);
    graph.append(box);
    graph.closest("section").hidden = false;
    const draw = () => {
      const origin = box.getBoundingClientRect();
      svg.setAttribute("width", origin.width);
      svg.setAttribute("height", origin.height);
      for (const { held, holder, path } of edges) {
        const from = nodes.get(holder).getBoundingClientRect();
        const to = nodes.get(held).getBoundingClientRect();
        const [x, y] = [from.right - origin.left, from.top + from.height / 2 - origin.top];
        const [u, v] = [to.left - origin.left, to.top + to.height / 2 - origin.top];
        const bend = Math.max(30, Math.abs(u - x) / 2);
        path.setAttribute("d", `M${x},${y} C${x + bend},${y} ${u - bend},${v} ${u},${v}`);
      }
    };
    draw();
    addEventListener("resize", draw);
  }

  document.querySelectorAll("[data-name]").forEach((cell) => {
    const name = cell.dataset.name;
    if (packages.has(name)) cell.replaceChildren(nameButton(name, cell.textContent));
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) hide();
  });
  const folded = () => document.querySelectorAll("details:not([open])");
  let opened = [];
  // A graph that is wider than paper becomes smaller, or stays away where nobody could read it: the table says the same.
  const PAPER = 680;
  addEventListener("beforeprint", () => {
    const box = graph?.querySelector(".columns");
    if (box) {
      const scale = Math.min(1, PAPER / box.scrollWidth);
      box.style.zoom = scale;
      graph.closest("section").classList.toggle("unprinted", scale < 0.35);
    }
    opened = [...folded()];
    opened.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => {
    opened.forEach((each) => { each.open = false; });
    const box = graph?.querySelector(".columns");
    if (box) box.style.zoom = 1;
  });

  const filter = document.getElementById("filter");
  const status = document.getElementById("filtered");
  filter.closest("p").hidden = false;
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    const seen = new Set();
    document.querySelectorAll("tr[data-row]").forEach((row) => {
      row.hidden = !row.dataset.row.includes(wanted);
      if (!row.hidden) seen.add(row.dataset.row);
    });
    document.querySelectorAll("details.rest").forEach((each) => { each.open = wanted !== ""; });
    status.textContent = wanted ? `${seen.size} of ${packages.size} packages` : "";
  });
  build();
})();
