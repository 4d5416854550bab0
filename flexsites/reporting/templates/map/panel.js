/* Beside the map: legend, list, and what is told of one parcel. All of it works without the map. */
"use strict";
flexsites.element = function (name, attributes, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes || {}).forEach(([key, value]) => {
    if (key.startsWith("on")) { made.addEventListener(key.slice(2), value); }
    else if (key === "text") { made.textContent = value; }
    else if (value !== null && value !== false) { made.setAttribute(key, value === true ? "" : value); }
  });
  made.append(...children.filter((one) => one !== null));
  return made;
};
flexsites.byId = (id) => document.getElementById(id);

flexsites.Panel = class {
  constructor(store, settings, acts) {
    Object.assign(this, { store, settings, acts, words: settings.words, page: 50 });
    this.box = flexsites.byId("map-panel"); this.list = flexsites.byId("map-list"); this.count = flexsites.byId("map-count");
    this.more = flexsites.byId("map-more"); this.places = flexsites.byId("map-places");
    this.more.addEventListener("click", () => this.append());
    this.whole = new Intl.NumberFormat(settings.locale, { maximumFractionDigits: 0 });
    this.lists = settings.lists || [{ kind: "", orders: [], words: settings.words }];
    this.choose("", "");
    if (this.lists.some((one) => one.orders.length)) { this.chooser(); }
  }
  /* Which list is shown, and sorted how; what is not known is the first. */
  choose(list, sort) {
    this.shownList = this.lists.find((one) => one.kind === list) || this.lists[0];
    this.sort = this.shownList.orders.some((one) => one.key === sort) ? sort : "";
    if (!this.buttons) { return; }
    this.more.textContent = this.shownList.words.more;
    this.buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(this.lists[i] === this.shownList)));
    this.orders.replaceChildren(...this.shownList.orders.map((one) => flexsites.element("option", { value: one.key, text: one.label })));
    if (this.sort) { this.orders.value = this.sort; }
  }
  of(list) { return list === this.lists[0] ? "" : list.kind; }
  chooser() {
    this.buttons = this.lists.map((one) => flexsites.element("button", { type: "button", text: one.label, onclick: () => this.acts.list(this.of(one), "") }));
    this.orders = flexsites.element("select", { id: "map-sort", onchange: () => this.acts.list(this.of(this.shownList), this.orders.value) });
    this.count.before(flexsites.element("div", { class: "map-lists" }, flexsites.element("div", { role: "group", "aria-label": this.words.lists }, ...(this.lists.length > 1 ? this.buttons : [])),
      flexsites.element("label", {}, this.words.sort + " ", this.orders)));
    this.choose("", "");
  }
  swatch(colour, pattern) { return flexsites.element("span", { class: "swatch" + (pattern ? " " + pattern : ""), style: "background-color:" + colour }); }
  chip(verdict) {
    const [name, colour] = this.settings.verdicts[verdict];
    return flexsites.element("span", { class: "chip" }, this.swatch(colour, verdict === "unknown" ? "dots" : ""), name);
  }
  legend(colouring, hidden) {
    const box = flexsites.byId("map-legend");
    box.replaceChildren(...colouring.classes.map((one) => flexsites.element("li", {}, flexsites.element("button", {
      type: "button", "aria-pressed": String(!hidden.has(one.key)), onclick: () => this.acts.hide(one.key),
    }, this.swatch(one.colour, one.pattern), flexsites.element("span", { text: one.label }),
    flexsites.element("span", { class: "count", text: this.whole.format(one.n) })))));
    if (flexsites.isOfWay(colouring)) { box.append(flexsites.element("li", { class: "quiet", text: `${colouring.label}. ${this.words.way_note}` })); }
  }
  async search(asked, hidden) {
    const turn = this.turn = {};
    const [found, places] = await Promise.all([this.store.list(asked, hidden, 0, this.page, this.shownList.kind, this.sort), this.store.places(asked)]);
    if (turn !== this.turn) { return null; }
    Object.assign(this, { asked, hidden, shown: 0 });
    this.list.replaceChildren();
    this.places.replaceChildren(...places.map((one) => flexsites.element("li", {}, flexsites.element("button", {
      type: "button", onclick: () => this.acts.go(one.box), text: one.name,
    }))));
    this.places.hidden = !places.length;
    this.rows(found);
    return { ...found, places };
  }
  async append() {
    const first = this.shown;
    this.rows(await this.store.list(this.asked, this.hidden, this.shown, this.page, this.shownList.kind, this.sort));
    const next = this.list.children[first];
    if (next) { next.firstChild.focus(); }
  }
  rows(found) {
    const said = this.shownList.words, of = this.of(this.shownList);
    this.count.textContent = found.total ? flexsites.filled(said.found, { n: this.whole.format(found.total) }) : said.not_found;
    this.list.append(...found.rows.map((row) => flexsites.element("li", {}, flexsites.element("button", {
      type: "button", onclick: () => this.acts.pick(row.properties.id, true, of), "data-site": row.properties.id,
    }, this.chip(row.properties.verdict), flexsites.element("span", { class: "what" },
      flexsites.element("b", { text: [row.street, row.place.split(", ")[0]].filter(Boolean).join(", ") || row.properties.id }),
      flexsites.element("span", { text: this.about(row) }))))));
    this.shown += found.rows.length;
    this.more.hidden = this.shown >= found.total;
  }
  /* Of a building its complex is told too, of a complex how many buildings it has. */
  about({ street, properties }) {
    const { id, location, n_buildings } = properties, homes = this.homes(properties);
    if (!this.words.in_complex) { return id + homes; }
    const one = n_buildings ? flexsites.filled(this.words.n_buildings, { n: this.whole.format(n_buildings) }) : location ? flexsites.filled(this.words.in_complex, { id: location }) : "";
    return [n_buildings || street === id ? "" : id, one, homes.replace(" · ", "")].filter(Boolean).join(" · ");
  }
  homes(properties) {
    const n = properties.homes, verdict = properties.verdict;
    if (verdict === "excluded" || n === undefined || n === null) { return ""; }
    const homes = flexsites.filled(this.settings.homes, { n: this.whole.format(n) });
    return ` · ${verdict === "unknown" ? flexsites.filled(this.settings.homes_if_available, { homes }) : homes}`;
  }
  definitions(rows) {
    return flexsites.element("dl", {}, ...rows.flatMap(([term, value]) => [flexsites.element("dt", { text: term }), flexsites.element("dd", { text: value })]));
  }
  scores({ properties, ranks }) {
    const number = new Intl.NumberFormat(this.settings.locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const rows = this.settings.flexmilieus.map(({ id, name }) => {
      const met = properties["m:" + id], score = properties["s:" + id];
      if (met === -1) { return null; }
      const own = met === null || met === undefined ? this.words.outcome_unknown : met === 0 ? this.words.not_suitable
        : score === null || score === undefined ? this.words.no_score : number.format(score / 100);
      return [name, [own, ranks[id]].filter(Boolean).join("; ")];  // its place may suit where it does not itself
    }).filter(Boolean);
    return rows.length ? [flexsites.element("h4", { text: this.words.suitability }), this.definitions(rows)] : [];
  }
  why(facts) {
    if (!facts.why.length) { return [flexsites.element("p", { text: this.words.why_none })]; }
    return [flexsites.element("h4", { text: this.words.why }),
      flexsites.element("ol", { class: "why" }, ...facts.why.map(([rule, area]) => flexsites.element("li", {},
        flexsites.element("span", { text: rule }), flexsites.element("b", { text: area }))))];
  }
  unchecked(facts) {
    if (!facts.unchecked) { return [flexsites.element("p", { class: "checked", text: this.words.all_checked })]; }
    const rules = facts.unchecked.split("\n"), n = rules.length;
    return [flexsites.element("details", { class: "checked" },
      flexsites.element("summary", { text: flexsites.filled(this.words.unchecked_short, { n }) }),
      flexsites.element("ul", { class: "plain" }, ...rules.map((text) => flexsites.element("li", { text }))))];
  }
  section({ title, rows, note, is_folded: isFolded }) {
    const facts = rows.filter((row) => row[1]), alone = rows.filter((row) => !row[1]);
    const told = [
      note ? flexsites.element("p", { text: note }) : null, facts.length ? this.definitions(facts) : null,
      alone.length ? flexsites.element("ul", { class: "plain" }, ...alone.map(([text]) => flexsites.element("li", { text }))) : null,
    ].filter(Boolean);
    if (!isFolded) { return [title ? flexsites.element("h4", { text: title }) : null, ...told].filter(Boolean); }
    return [flexsites.element("details", { class: "checked" }, flexsites.element("summary", { text: title }), ...told)];
  }
  /* To what is told of one: of a building to its complex, of a complex to its buildings. */
  leads({ properties: { id, location } }, of) {
    const second = this.lists[1];
    if (of) { return flexsites.element("button", { type: "button", onclick: () => this.acts.list("", "", id), text: this.words.show_buildings }); }
    if (!location) { return null; }
    const go = second ? () => this.acts.pick(location, true, this.of(second)) : () => this.acts.location(location);
    return flexsites.element("button", { type: "button", onclick: go, text: this.words.show_location });
  }
  tell(facts, of = "") {
    if (!facts) { this.box.replaceChildren(flexsites.element("p", { class: "quiet", text: this.words.click })); return; }
    const { properties } = facts, sheet = this.settings.sheets;
    const place = [of ? flexsites.filled(this.words.in_complex, { id: facts.street }) : facts.street, facts.place].filter(Boolean).join(", ");
    const links = [
      this.leads(facts, of),
      facts.hasSheet && sheet ? flexsites.element("a", { href: sheet + "#" + encodeURIComponent(facts.id), text: this.words.sheet }) : null,
      this.acts.explain && !of ? flexsites.element("button", { type: "button", onclick: () => this.acts.explain(facts.id), text: this.words.explain }) : null,
      this.acts.veto && !of ? this.acts.veto(facts) : null,
      flexsites.element("button", { type: "button", onclick: () => this.acts.pick(null, true), text: this.words.back }),
    ];
    this.box.replaceChildren(...[
      flexsites.element("h3", { text: place || facts.id }), flexsites.element("p", {}, this.chip(properties.verdict), " ", facts.id),
      ...(facts.sections ? facts.sections.flatMap((one) => this.section(one))
        : [...this.why(facts), this.definitions(facts.panel), ...this.unchecked(facts), ...this.scores(facts)]),
      ...(facts.location.length ? [flexsites.element("h4", { text: this.words.location + " " + properties.location }), this.definitions(facts.location)] : []),
      flexsites.element("p", { class: "links" }, ...links),
    ]);
  }
};
