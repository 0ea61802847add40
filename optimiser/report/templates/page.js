"use strict";
(() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const root = document.documentElement;
  const dark = { "#0b6e99": "#6cbde3", "#c4663a": "#e79a72", "#4d7c3a": "#93c47d", "#7b5ea7": "#b9a0e0", "#7d8790": "#98a3ab",
    "#b3261e": "#f2998f", "#c9d2d9": "#4b565e", "#ecd6c9": "#6b4a3a", "#ffffff": "#1d2328" };
  const state = { language: data.languages[0], scenario: data.scenarios[0], theme: "light", sort: data.sort, descending: true };
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const word = (key) => (data.words[key] ? data.words[key][state.language === "zh" ? 1 : 0] : key);
  const measure = (key) => (data.measures[key] ? data.measures[key][state.language === "zh" ? 1 : 0] : key);
  const fill = (text) => text.replace(/\{([tm]):([^}]*)\}/g, (_, kind, key) => (kind === "t" ? word(key) : measure(key)));
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function dressed(value) {
    if (typeof value === "string") {
      if (state.theme === "dark" && dark[value]) return dark[value];
      return value.includes("{") ? fill(value) : value;
    }
    if (Array.isArray(value)) return typeof value[0] === "number" ? value.slice() : value.map(dressed);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dressed(item)]));
    }
    return value;
  }

  function layoutOf(own, narrow) {
    const axis = { gridcolor: css("--grid"), zerolinecolor: css("--line"), linecolor: css("--line"), automargin: true,
      title: { standoff: 12 }, fixedrange: narrow, separatethousands: true };
    const layout = { font: { family: css("--font"), size: narrow ? 11 : 12.5, color: css("--ink") }, paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 14, t: 8, b: 8 }, separators: ".,", hovermode: "closest",
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, xanchor: "left" },
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink"), family: css("--font") } },
      bargap: 0.25, dragmode: narrow ? false : "zoom" };
    for (const [key, item] of Object.entries(own)) {
      layout[key] = key.startsWith("xaxis") || key.startsWith("yaxis")
        ? { ...axis, ...item, title: { ...axis.title, ...item.title } } : key === "legend" ? { ...layout.legend, ...item } : item;
    }
    return layout;
  }

  /* plotly lies in the page compressed; the policy of the page lets only this one text run as its script */
  async function library() {
    const packed = document.getElementById("plotly");
    const raw = atob(packed.textContent);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(plain).text();
    packed.remove();
    document.head.append(script);
    root.dataset.charts = "yes";
    redraw();
  }

  function draw(place) {
    if (!root.dataset.charts) return;
    const found = data.figures[place.dataset.figure];
    const own = found && (found.data ? found : found[state.scenario]);
    const figure = own && place.dataset.figure === "cash" ? ofContract(own) : own;
    if (!figure) {
      if (place.data) Plotly.purge(place);
      place.classList.add("blank");
      place.replaceChildren(Object.assign(document.createElement("p"), { className: "empty", textContent: word("no_data") }));
      return;
    }
    all(".empty", place).forEach((item) => item.remove());
    place.classList.remove("blank");
    const narrow = window.innerWidth < 760;
    Plotly.react(place, dressed(figure.data), layoutOf(dressed(figure.layout), narrow), { displaylogo: false, responsive: true,
      displayModeBar: narrow ? false : "hover", modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"] });
    place.dataset.drawn = "yes";
  }

  /* the picture of all contracts, with the flow of the chosen one in its place */
  function ofContract(figure) {
    const chosen = document.getElementById("cash-contract").value;
    const one = ((data.cash || {})[state.scenario] || [])[chosen === "" ? -1 : Number(chosen)];
    if (!one) return figure;
    let sum = 0;
    const flow = { owner: one[2], service_company: one[3], owner_cumulative: one[2].map((value) => (sum += value)) };
    const traces = figure.data.filter((trace) => flow[trace.meta].some((value) => value !== 0));
    return { ...figure, data: traces.map((trace) => ({ ...trace, y: flow[trace.meta] })) };
  }

  function contracts() {
    const place = document.getElementById("cash-contract");
    if (!place) return;
    const kept = place.dataset.scenario === state.scenario ? place.value : "";
    const label = ([name, lane]) => name === lane ? word(`lane_${lane}`) : `${name} · ${word(`lane_${lane}`)}`;
    const made = (data.cash[state.scenario] || []).map((one, i) => Object.assign(document.createElement("option"), { value: String(i), textContent: label(one) }));
    place.replaceChildren(Object.assign(document.createElement("option"), { value: "", textContent: word("all_contracts") }), ...made);
    place.value = kept;
    place.dataset.scenario = state.scenario;
  }

  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting && !entry.target.dataset.drawn) draw(entry.target);
  }), { rootMargin: "300px" });

  function redraw() {
    all(".chart").forEach((place) => {
      if (place.dataset.drawn) draw(place);
      else { seen.unobserve(place); seen.observe(place); }
    });
  }

  const format = (value, decimals) => value === null || value === undefined ? "–"
    : value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

  /* the table of buildings: rows are arrays in the order of data.columns; text only ever goes through textContent */
  const at = Object.fromEntries((data.columns || []).map((column, i) => [column.key, i]));
  const controls = ["text", "town", "measure", "contract", "touched", "below"];
  const control = (name) => document.getElementById(`filter-${name}`);

  function rowsNow() {
    const rows = (data.rows[state.scenario] || []).map((own, i) => [...data.fixed[i], ...own]);
    const text = control("text").value.trim().toLowerCase();
    const [town, chosen, contract] = ["town", "measure", "contract"].map((name) => control(name).value);
    const keep = (row) => (!control("touched").checked || row[at.touched])
      && (!text || `${row[at.building]} ${row[at.name]} ${row[at.town]}`.toLowerCase().includes(text))
      && (!town || row[at.town] === town)
      && (!chosen || row[at.package].split("+").includes(chosen) || (chosen === "rooftop_pv" && row[at.pv_capacity] > 0))
      && (!contract || row[at.contract] === contract)
      && (!control("below").checked || (row[at.touched] && row[at.saving_fraction] < data.floors[state.scenario] - 1e-9));
    return rows.filter(keep).sort(ordered);
  }

  function ordered(a, b) {
    const [x, y] = [a[at[state.sort]], b[at[state.sort]]];
    const missing = (value) => value === null || value === "" || value === "none";
    if (missing(x) || missing(y)) return missing(x) - missing(y);
    const found = typeof x === "string" ? x.localeCompare(y, state.language, { numeric: true }) : x - y;
    return state.descending ? -found : found;
  }

  function cell(row, column) {
    const value = row[at[column.key]];
    const item = document.createElement(column.key === "building" ? "th" : "td");
    item.className = column.kind === "number" ? "n" : column.key === "building" ? "first" : column.kind === "measures" ? "wide" : column.kind === "word" ? "word" : "";
    if (column.key === "building") { item.scope = "row"; named(item, row); }
    else if (column.key === "saving_fraction") gauged(item, row);
    else if (column.kind === "measures") chips(item, row);
    else if (column.kind === "word") item.textContent = value === "none" || !value ? "–" : word(column.prefix + value);
    else if (column.kind === "number") item.textContent = column.quiet && !value ? "–" : format(value === null ? null : value / column.scale, column.decimals);
    else item.textContent = value === "none" ? "–" : value;
    return item;
  }

  function named(item, row) {
    item.textContent = row[at.name] || row[at.building];
    const note = [row[at.name] ? row[at.building] : "", row[at.town]].filter(Boolean).join(" · ");
    item.append(Object.assign(document.createElement("small"), { textContent: note }));
  }

  function chips(item, row) {
    const keys = row[at.package] === "none" ? [] : row[at.package].split("+");
    for (const key of keys) item.append(Object.assign(document.createElement("span"), { className: "chip", textContent: measure(key) }));
    if (!keys.length) item.textContent = "–";
  }

  function gauged(item, row) {
    const value = row[at.saving_fraction];
    if (!row[at.touched] || value === null) { item.textContent = "–"; return; }
    const floor = data.floors[state.scenario];
    item.textContent = `${format(value * 100, 1)} %`;
    const gauge = Object.assign(document.createElement("div"), { className: "gauge" });
    const share = (x) => `${Math.min(100, Math.max(0, x / 0.6 * 100))}%`;
    const part = (tag, style) => { const mark = document.createElement(tag); Object.assign(mark.style, style); gauge.append(mark); };
    part("i", { width: share(value) });
    const [low, high] = [row[at.fraction_low], row[at.fraction_high]];
    if (low !== null && high !== null && high - low > 5e-4) {
      part("s", { left: share(low), width: `calc(${share(high)} - ${share(low)})` });
      item.append(Object.assign(document.createElement("small"), { textContent: `${format(low * 100, 1)} – ${format(high * 100, 1)}` }));
    }
    part("b", { left: share(floor) });
    item.append(gauge);
  }

  function header(column) {
    const item = document.createElement("th");
    item.scope = "col";
    item.className = column.kind === "number" ? "n" : column.key === "building" ? "first" : "";
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: word(column.key) });
    button.dataset.sort = column.key;
    if (column.unit) button.append(Object.assign(document.createElement("small"), { textContent: word(column.unit) }));
    if (state.sort === column.key) item.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
    item.append(button);
    return item;
  }

  function table() {
    const place = document.getElementById("buildings");
    if (!place) return;
    const rows = rowsNow();
    const shown = data.columns.filter((column) => column.shown);
    const body = document.createElement("tbody");
    for (const row of rows) {
      const line = document.createElement("tr");
      if (!row[at.touched]) line.className = "off";
      line.append(...shown.map((column) => cell(row, column)));
      body.append(line);
    }
    const [head, foot] = [document.createElement("thead"), document.createElement("tfoot")];
    head.append(document.createElement("tr"));
    head.firstChild.append(...shown.map(header));
    foot.append(document.createElement("tr"));
    foot.firstChild.append(...shown.map((column) => total(column, rows)));
    place.replaceChildren(head, body, foot);
    document.getElementById("rows-shown").textContent = word("rows_shown").replace("{shown}", format(rows.length, 0)).replace("{all}", format(data.fixed.length, 0));
  }

  function total(column, rows) {
    const item = document.createElement(column.key === "building" ? "th" : "td");
    item.className = column.kind === "number" ? "n" : column.key === "building" ? "first" : "";
    if (column.key === "building") item.textContent = word("sum_row");
    else if (column.sum) {
      const values = rows.map((row) => row[at[column.key]]).filter((value) => value !== null);
      item.textContent = values.length ? format(values.reduce((a, b) => a + b, 0) / column.scale, column.decimals) : "–";
    }
    return item;
  }

  function options(name, first, values) {
    const place = control(name);
    const kept = place.value;
    const made = values.map(([value, text]) => Object.assign(document.createElement("option"), { value, textContent: text }));
    place.replaceChildren(Object.assign(document.createElement("option"), { value: "", textContent: word(first) }), ...made);
    place.value = values.some(([value]) => value === kept) ? kept : "";
  }

  function filters() {
    const rows = (data.rows[state.scenario] || []).map((own, i) => [...data.fixed[i], ...own]);
    const distinct = (values) => [...new Set(values)].filter((value) => value && value !== "none").sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    options("town", "filter_town", distinct(rows.map((row) => row[at.town])).map((value) => [value, value]));
    const used = distinct(rows.flatMap((row) => row[at.package].split("+")).concat(rows.some((row) => row[at.pv_capacity] > 0) ? ["rooftop_pv"] : []));
    options("measure", "filter_measure", used.map((value) => [value, measure(value)]));
    options("contract", "filter_contract", distinct(rows.map((row) => row[at.contract])).map((value) => [value, word(`lane_${value}`) === `lane_${value}` ? value : word(`lane_${value}`)]));
    control("text").placeholder = word("filter_text");
    control("text").setAttribute("aria-label", word("filter_text"));
  }

  function show() {
    root.dataset.language = state.language;
    root.lang = state.language === "zh" ? "zh-CN" : "en";
    root.dataset.theme = state.theme;
    all("[data-word]").forEach((item) => { item.textContent = word(item.dataset.word); });
    all("[data-measure]").forEach((item) => { item.textContent = measure(item.dataset.measure); });
    all("[data-scenario]").forEach((item) => { item.hidden = item.dataset.scenario !== state.scenario; });
    all("tr.pick").forEach((item) => item.classList.toggle("current", item.dataset.pick === state.scenario));
    const chooser = document.getElementById("scenario");
    if (chooser) chooser.value = state.scenario;
    if (document.getElementById("buildings")) { filters(); table(); }
    contracts();
    redraw();
  }

  /* paper is white: pages are printed in light colours, every picture drawn */
  let onScreen = "light";
  function themed(theme, printing) {
    state.theme = root.dataset.theme = theme;
    if (printing) root.dataset.printing = "yes";
    else delete root.dataset.printing;
    all(".chart").forEach((place) => { draw(place); if (place.data) Plotly.Plots.resize(place); });
  }

  function start() {
    state.theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    document.getElementById("theme").addEventListener("click", () => { state.theme = state.theme === "dark" ? "light" : "dark"; show(); });
    document.getElementById("print").addEventListener("click", () => window.print());
    const language = document.getElementById("language");
    if (language) language.addEventListener("click", () => { state.language = state.language === "en" ? "zh" : "en"; show(); });
    const chooser = document.getElementById("scenario");
    if (chooser) chooser.addEventListener("change", () => { state.scenario = chooser.value; show(); });
    all("tr.pick").forEach((item) => item.addEventListener("click", () => { state.scenario = item.dataset.pick; show(); }));
    const cash = document.getElementById("cash-contract");
    if (cash) cash.addEventListener("change", () => all("[data-figure=cash]").forEach(draw));
    if (document.getElementById("buildings")) startTable();
    window.addEventListener("beforeprint", () => { onScreen = state.theme; themed("light", true); });
    window.addEventListener("afterprint", () => themed(onScreen, false));
    if (data.pick) state.scenario = data.pick;
    show();
    root.dataset.ready = "yes";
    requestAnimationFrame(() => setTimeout(library));
  }

  function startTable() {
    controls.forEach((name) => control(name).addEventListener("input", table));
    document.getElementById("filter-reset").addEventListener("click", () => {
      controls.forEach((name) => { if (control(name).type === "checkbox") control(name).checked = name === "touched"; else control(name).value = ""; });
      table();
    });
    document.getElementById("buildings").addEventListener("click", (event) => {
      const button = event.target.closest("button[data-sort]");
      if (!button) return;
      state.descending = state.sort === button.dataset.sort ? !state.descending : data.columns[at[button.dataset.sort]].kind === "number";
      state.sort = button.dataset.sort;
      table();
      const again = document.querySelector(`button[data-sort="${state.sort}"]`);
      if (again) again.focus();
    });
  }
  start();
})();
