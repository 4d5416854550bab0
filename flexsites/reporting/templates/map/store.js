/* Where the map's facts come from: the page itself (a report), or the local server (flexsites view). Both answer the
   same questions with promises: list, facts, places. Of buildings the server has complexes too: then a kind is asked. */
"use strict";
const flexsites = {};

/* A text of the labels with its placeholders filled; {n:home|homes} is the first word where n is 1, else the second. A
   whole number is written as the page's language does; a year is given as a text. */
flexsites.filled = (text, values) => text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, more) => {
  const value = values[name], told = Number.isInteger(value) ? value.toLocaleString(document.documentElement.lang) : value;
  return one === undefined ? told : told === "1" ? one : more;
});

/* Conditions are expressions of the MapLibre style specification; the map paints by the same. */
flexsites.holds = function holds(where, parcel) {
  const value = (asked) => {
    if (asked[0] === "coalesce") { const found = value(asked[1]); return found === null ? asked[2] : found; }
    const found = parcel[asked[1]];
    return found === undefined ? null : found;
  };
  const [operator, first, second] = where;
  switch (operator) {
    case "all": return where.slice(1).every((one) => holds(one, parcel));
    case "any": return where.slice(1).some((one) => holds(one, parcel));
    case "!": return !holds(first, parcel);
    case "in": return second[1].includes(value(first));
    case "==": return value(first) === second;
    case "<=": return value(first) <= second;
    case ">=": return value(first) >= second;
    case "<": return value(first) < second;
    case ">": return value(first) > second;
    default: throw new Error("no such condition: " + operator);
  }
};

/* What is told of parcel i, out of columns. */
flexsites.factsOf = function (told, i, settings) {
  const number = (digits) => new Intl.NumberFormat(settings.locale, { maximumFractionDigits: digits });
  const panel = (columns, at) => columns.map((one) => {
    const cell = one.of[at];
    return [one.heading, cell < 0 ? one.texts[-1 - cell] : number(one.digits).format(cell) + one.unit];
  }).filter((row) => row[1] !== "");
  const text = (column) => column.texts[column.of[i]];
  const properties = {};
  Object.keys(told.properties).forEach((name) => { properties[name] = told.properties[name][i]; });
  const why = [], parts = told.why.of[i];
  for (let k = 0; k < parts.length; k += 2) { why.push([told.why.rules[parts[k]], number(0).format(parts[k + 1]) + " m²"]); }
  const place = properties.location === null ? -1 : told.locations.id.indexOf(properties.location);
  return {
    id: properties.id, properties, why, street: text(told.street), place: text(told.place), box: told.box[i],
    panel: panel(told.panel, i), unchecked: text(told.unchecked), hasSheet: told.sheets.includes(properties.id),
    location: place < 0 ? [] : panel(told.locations.panel, place),
    sections: told.sections ? told.sections[i] : null,
    ranks: place < 0 ? {} : Object.fromEntries(Object.entries(told.locations.flexmilieus).map(([id, one]) => [id, one.texts[one.of[place]]])),
  };
};

flexsites.Inline = class {
  constructor(content) {
    this.settings = content;
    this.told = content.parcels;
    this.n = this.told.properties.id.length;
    this.background = content.background;
    const rank = { eligible: 0, conditional: 1, unknown: 2, excluded: 3 };
    const { verdict, homes, id } = this.told.properties;
    this.order = Array.from({ length: this.n }, (_, i) => i).sort((a, b) =>
      rank[verdict[a]] - rank[verdict[b]] || (homes ? (homes[b] || 0) - (homes[a] || 0) : 0) || (id[a] < id[b] ? -1 : 1));
    this.keys = this.order.map((i) => this.key(i));
    this.at = new Map(id.map((one, i) => [one, i]));
  }
  key(i) {
    const { street, place, properties } = this.told;
    return [properties.id[i], properties.location[i] || "", street.texts[street.of[i]], place.texts[place.of[i]]]
      .join("\n").toLowerCase();
  }
  properties(i) {
    const found = {};
    Object.keys(this.told.properties).forEach((name) => {
      const value = this.told.properties[name][i];
      if (value !== null) { found[name] = value; }
    });
    return found;
  }
  async list(asked, hidden, offset, n) {
    const words = asked.trim().toLowerCase();
    const found = this.order.filter((i, k) => (!words || this.keys[k].includes(words)) &&
      !hidden.some((where) => flexsites.holds(where, this.properties(i))));
    return { total: found.length, rows: found.slice(offset, offset + n).map((i) => this.row(i)) };
  }
  row(i) {
    const { street, place } = this.told;
    return { properties: this.properties(i), street: street.texts[street.of[i]], place: place.texts[place.of[i]] };
  }
  async facts(id) { return this.at.has(id) ? flexsites.factsOf(this.told, this.at.get(id), this.settings) : null; }
  async places(asked) {
    const words = asked.trim().toLowerCase(), found = [];
    if (words.length < 2) { return found; }
    (this.background.areas || []).forEach((area) => {
      if (area.name.toLowerCase().includes(words)) { found.push({ name: area.name, box: area.box }); }
    });
    const streets = this.background.streets || { names: [], lines: [] };
    streets.names.forEach((name, k) => {
      if (name && name.toLowerCase().includes(words)) {
        found.push({ name, box: flexsites.boxOf(streets.lines.filter((one) => one[1] === k).map((one) => one[2])) });
      }
    });
    return found.sort((a, b) => a.name.length - b.name.length).slice(0, 8);
  }
  async extent() {
    const all = this.told.box;
    const least = (k) => all.reduce((best, box) => Math.min(best, box[k]), Infinity);
    const most = (k) => all.reduce((best, box) => Math.max(best, box[k]), -Infinity);
    return all.length ? [least(0), least(1), most(2), most(3)].map((one) => one / 1e6) : [3.3, 50.7, 7.3, 53.6];
  }
  /* The sources of the map, as GeoJSON. */
  sources() {
    const feature = (properties, geometry) => ({ type: "Feature", properties, geometry });
    const polygons = (shape) => ({ type: "MultiPolygon", coordinates: shape.map((rings) => rings.map((one) => flexsites.unfold(one, true))) });
    const line = (steps) => ({ type: "LineString", coordinates: flexsites.unfold(steps, false) });
    const { water = [], buildings = [], rail = [], areas = [], streets = { names: [], lines: [] } } = this.background;
    const told = {
      parcels: this.told.shape.map((shape, i) => feature(this.properties(i), polygons(shape))),
      water: water.map((one) => feature({}, polygons([one]))),
      buildings: buildings.map((one) => feature({}, polygons([one]))),
      rail: rail.map((one) => feature({}, line(one))),
      streets: streets.lines.map(([main, name, steps]) => feature({ main, name: streets.names[name] }, line(steps))),
      areas: areas.map((one) => feature({ kind: one.kind }, { type: "MultiLineString", coordinates: one.border.map((steps) => flexsites.unfold(steps, false)) })),
      names: areas.map((one) => feature({ kind: one.kind, name: one.name },
        { type: "Point", coordinates: one.at.map((k) => k / 1e6) })),
    };
    const sources = {};
    Object.keys(told).forEach((name) => {
      sources[name] = { type: "geojson", data: { type: "FeatureCollection", features: told[name] }, tolerance: 0, maxzoom: 16 };
    });
    return sources;
  }
  layer(name) { return { source: name }; }
};

flexsites.unfold = function (steps, isClosed) {
  const line = [];
  let x = 0, y = 0;
  for (let i = 0; i < steps.length; i += 2) { x += steps[i]; y += steps[i + 1]; line.push([x / 1e6, y / 1e6]); }
  if (isClosed && line.length) { line.push(line[0]); }
  return line;
};
/* The bounds of lines that are told in steps, in micro-degrees. */
flexsites.boxOf = function (lines) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  lines.forEach((steps) => flexsites.unfold(steps, false).forEach(([x, y]) => {
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y); box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
  }));
  return box.map((one) => Math.round(one * 1e6));
};
flexsites.unpack = async function (text) {
  const bytes = Uint8Array.from(atob(text.trim()), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
