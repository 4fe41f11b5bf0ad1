/* The page in the browser. Every value becomes a text node or an attribute: no markup is made of it. */
"use strict";

const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; text stays text. */
function make(tag, attributes = {}, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS(SVG, tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.filter((c) => c !== null));
  return element;
}

const state = { view: null, chosen: null, opener: null };

/* --- what is shown ---------------------------------------------------------------------------- */

function showCounts({ counts }) {
  const count = (of, all, word) =>
    make("li", of < all ? { class: "bad" } : {}, make("b", {}, `${of}/${all}`), ` ${word}`);
  byId("counts").replaceChildren(
    count(counts.served, counts.services, "Services served"),
    count(counts.up, counts.sessions, "sessions up"),
    count(counts.alive, counts.members, "speakers alive"),
  );
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function box(kind, id, place, lines, label, extra) {
  const pressed = state.chosen !== null && state.chosen.kind === kind && state.chosen.id === id;
  const group = make(
    "svg:g",
    {
      class: `${kind}${extra}`,
      role: "button",
      tabindex: 0,
      "aria-pressed": pressed,
      "aria-label": label,
      "data-kind": kind,
      "data-id": id,
      transform: `translate(${place.x} ${place.y})`,
    },
    make("svg:title", {}, label),
    make("svg:rect", { class: "box", x: -66, y: -24, width: 132, height: 48, rx: 10 }),
    make("svg:text", { y: -3 }, shortened(lines[0], 18)),
    make("svg:text", { y: 14, class: "small" }, shortened(lines[1], 24)),
  );
  const choose = () => {
    state.chosen = pressed ? null : { kind, id };
    show();
    focusBox(kind, id);
  };
  group.addEventListener("click", choose);
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  });
  return group;
}

function focusBox(kind, id) {
  for (const group of byId("graph").querySelectorAll("[data-kind]"))
    if (group.dataset.kind === kind && group.dataset.id === id) group.focus();
}

function showGraph(view) {
  const { routers, nodes, links, width, height } = view;
  const active = document.activeElement;
  const focused =
    active instanceof SVGElement && active.dataset.kind !== undefined
      ? [active.dataset.kind, active.dataset.id]
      : null;
  const places = {
    router: new Map(routers.map((r) => [r.id, r])),
    node: new Map(nodes.map((n) => [n.name, n])),
  };
  const isFar = (link) =>
    state.chosen !== null && link[state.chosen.kind] !== state.chosen.id ? " dim" : "";
  const lines = links.flatMap((link) => {
    const [from, to] = [places.node.get(link.node), places.router.get(link.router)];
    if (from === undefined || to === undefined) return [];
    const [top, bottom] = [to.y + 24, from.y - 24];
    const bend = (bottom - top) / 2;
    const path = `M${from.x} ${bottom}C${from.x} ${bottom - bend} ${to.x} ${top + bend} ${to.x} ${top}`;
    const words = `${link.peer}: ${link.node} to ${link.router}, ${link.words}`;
    return [
      make(
        "svg:path",
        { class: `link ${link.state}${isFar(link)}`, d: path },
        make("svg:title", {}, words),
      ),
    ];
  });
  const linked = (kind, id) =>
    state.chosen === null ||
    (state.chosen.kind === kind && state.chosen.id === id) ||
    links.some((l) => l[kind] === id && l[state.chosen.kind] === state.chosen.id)
      ? ""
      : " dim";
  const svg = make(
    "svg:svg",
    { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Routers and nodes" },
    ...lines,
    ...routers.map((r) =>
      box(
        "router",
        r.id,
        r,
        [r.id, `AS ${r.remoteAS} · ${r.peers.join(", ")}`],
        `Router ${r.id}, AS ${r.remoteAS}: ${r.up} of ${r.sessions} sessions up`,
        linked("router", r.id),
      ),
    ),
    ...nodes.map((n) =>
      box(
        "node",
        n.name,
        n,
        [n.name, n.alive ? `${n.routed} BGP · ${n.owned} L2` : n.reason],
        n.alive
          ? `Node ${n.name}: ${n.routed} Services by BGP, ${n.owned} at layer 2`
          : `Node ${n.name}: no speaker, ${n.reason}`,
        `${n.alive ? "" : " dead"}${linked("node", n.name)}`,
      ),
    ),
  );
  byId("graph").replaceChildren(svg);
  if (focused !== null) focusBox(...focused);
  byId("conflicts").replaceChildren(...view.conflicts.map((text) => make("li", {}, text)));
}

function explainButton(key, words = key) {
  const button = make("button", { type: "button", "data-explain": key }, words);
  button.addEventListener("click", () => void explain(key, button));
  return button;
}

/** Services that go through what was chosen. */
function isChosen(service) {
  if (state.chosen === null) return true;
  const { kind, id } = state.chosen;
  if (kind === "node") return service.owner === id || service.nextHops.includes(id);
  return state.view.links.some((l) => l.router === id && service.peers.includes(l.peer));
}

function showServices({ services }) {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (s) => {
    const text = [s.key, ...s.addresses, s.pool, s.owner, ...s.nextHops, ...s.peers, s.reason]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const shown = services.filter((s) => isChosen(s) && matches(s));
  const active = document.activeElement;
  const focused = active instanceof HTMLElement ? active.dataset.explain : undefined;
  const body = byId("services").tBodies[0];
  body.replaceChildren(
    ...shown.map((s) =>
      make(
        "tr",
        {},
        make("td", {}, explainButton(s.key)),
        make("td", {}, s.addresses.join(" ") || "-"),
        make("td", {}, s.pool ?? "-"),
        make("td", {}, s.owner ?? "-"),
        make("td", {}, s.nextHops.join(" ") || "-"),
        make(
          "td",
          { class: s.served ? "good" : "bad", title: s.message },
          s.served ? "served" : s.reason,
        ),
      ),
    ),
  );
  if (focused !== undefined)
    for (const button of body.querySelectorAll("button"))
      if (button.dataset.explain === focused) button.focus();
  const of = state.chosen === null ? "" : `, of ${state.chosen.kind} ${state.chosen.id}`;
  byId("chosen").textContent = `${shown.length} of ${services.length}${of}`;
}

function showPools({ pools }) {
  byId("pools").replaceChildren(
    ...pools.map((p) =>
      make(
        "li",
        {},
        make("span", { class: "name" }, p.name),
        p.problem !== null || p.usedPercent === null
          ? null
          : make(
              "meter",
              {
                ...{ min: 0, max: 100, low: 75, high: 90, optimum: 0, value: p.usedPercent },
                "aria-label": `${p.name}: ${p.usedPercent} % in use`,
              },
              `${p.usedPercent} %`,
            ),
        p.problem === null ? make("small", {}, p.used) : make("small", { class: "bad" }, p.problem),
        make("small", {}, p.addresses.join(" ")),
      ),
    ),
  );
}

function addChanges(changes) {
  const list = byId("changes");
  for (const { at, mood, text, service } of changes)
    list.prepend(
      make(
        "li",
        { class: mood },
        make("time", { datetime: at }, new Date(at).toLocaleTimeString()),
        service === null ? text : explainButton(service, text),
      ),
    );
  while (list.children.length > 200) list.lastElementChild.remove();
}

function show() {
  const { view } = state;
  if (view === null) return;
  document.title = `${view.counts.served}/${view.counts.services} · FerroLB`;
  byId("title").textContent = view.title;
  showCounts(view);
  showGraph(view);
  showServices(view);
  showPools(view);
}

/* --- explain ---------------------------------------------------------------------------------- */

const objectText = (o) =>
  o === null ? "" : `${o.kind} ${o.namespace === "" ? "" : `${o.namespace}/`}${o.name}`;

async function explain(key, opener) {
  const dialog = byId("explain");
  byId("explain-title").textContent = key;
  byId("explain-because").textContent = "asking…";
  byId("explain-steps").replaceChildren();
  byId("explain-nodes").replaceChildren();
  state.opener = opener.dataset.explain;
  if (!dialog.open) dialog.showModal();
  try {
    const response = await fetch(`/explain?service=${encodeURIComponent(key)}`);
    if (!response.ok) throw new Error(`the answer was ${response.status}`);
    showExplanation(await response.json());
  } catch (error) {
    byId("explain-because").textContent = `No answer: ${error.message}`;
  }
}

function showExplanation({ served, because, steps, nodes }) {
  const line = byId("explain-because");
  line.textContent = `${served ? "Served" : "Not served"}: ${because.message}`;
  line.className = served ? "good" : "bad";
  byId("explain-steps").replaceChildren(
    ...steps.map((s) =>
      make(
        "li",
        { class: s.verdict },
        s.message,
        make("small", {}, [s.reason, objectText(s.object), s.path].filter(Boolean).join(" · ")),
        s.fix === null ? null : make("small", {}, `To change it: ${s.fix}`),
      ),
    ),
  );
  byId("explain-nodes").replaceChildren(
    ...nodes.map((n) =>
      make(
        "li",
        {},
        `${n.node}: layer 2 ${n.l2.announces ? "answers" : n.l2.reason || "no"}; BGP ${
          n.bgp.announces ? `to ${n.bgp.peers.join(", ")}` : n.bgp.reason || "no"
        }`,
      ),
    ),
  );
}

/** The row may have been drawn anew meanwhile. */
byId("explain").addEventListener("close", () => {
  for (const button of document.querySelectorAll("[data-explain]"))
    if (button.dataset.explain === state.opener) {
      button.focus();
      return;
    }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || byId("explain").open || state.chosen === null) return;
  state.chosen = null;
  show();
});
byId("filter").addEventListener("input", () => state.view !== null && showServices(state.view));

/* --- live ------------------------------------------------------------------------------------- */

const source = new EventSource("/events");
const say = (text, live) => {
  byId("trouble").textContent = text;
  byId("trouble").className = live ? "live" : "";
};
source.addEventListener("open", () => byId("changes").replaceChildren()); // the recent ones come again
source.addEventListener("message", ({ data }) => {
  const { view, changes, trouble } = JSON.parse(data);
  if (view !== null) state.view = view;
  addChanges(changes);
  show();
  say(trouble ?? "live", trouble === null);
});
source.addEventListener("error", () => say("connection lost, trying again", false));
