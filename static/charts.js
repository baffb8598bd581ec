// Draws the charts of a page with uPlot: columns, or points with their intervals, over named categories.
// Pointer and arrow keys show a value; colours come from the sheets, so that both themes have their own.
"use strict";

(() => {
  const language = document.documentElement.lang || undefined;

  // A canvas knows no custom properties, so each colour is read from an element that has it.
  function colours() {
    const probe = document.body.appendChild(document.createElement("span"));
    const read = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
    const theme = { ink: read("--ink"), quiet: read("--quiet"), line: read("--line"), series: [read("--chart-1"), read("--chart-2")] };
    probe.remove();
    return theme;
  }

  function wrapped(text, width) {
    const most = Math.max(4, Math.floor(width / 6.5)), lines = [""];
    for (const word of text.split(" ")) {
      const line = lines[lines.length - 1];
      if (line && line.length + 1 + word.length > most) lines.push(word);
      else lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
    return lines.join("\n");
  }

  function draw(figure) {
    const source = document.getElementById(figure.dataset.chart), plot = figure.querySelector(".plot");
    if (!source || !plot) return;
    const chart = JSON.parse(source.textContent);
    const tip = plot.querySelector(".tip"), status = figure.querySelector("[role=status]");
    const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const exact = new Intl.NumberFormat(language, { minimumFractionDigits: chart.digits, maximumFractionDigits: chart.digits });
    const count = chart.categories.length, many = chart.series.length;
    const values = chart.series.flatMap((series) => [...series.values, ...series.intervals.map((pair) => pair && pair[1])]);
    const highest = Math.max(1, ...values.filter((value) => value !== null));
    let theme = colours();

    const text = (series, place) => {
      const value = series.values[place];
      if (value === null) return figure.dataset.none;
      const parts = [`${exact.format(value)}${chart.unit}`];
      if (series.counts.length) parts.push(`${series.counts[place][0]} ${figure.dataset.of} ${series.counts[place][1]}`);
      const pair = series.intervals[place];
      if (pair) parts.push(`${figure.dataset.interval}: ${whole.format(pair[0])} – ${whole.format(pair[1])}${chart.unit}`);
      return parts.join(", ");
    };

    // Several series stand side by side within the place of their category.
    const shift = (number) => (many === 1 ? 0 : (number - (many - 1) / 2) * 0.3);
    function intervals(u) {
      const { ctx } = u, ratio = devicePixelRatio || 1;
      ctx.save();
      ctx.lineWidth = 2 * ratio;
      chart.series.forEach((series, number) => series.values.forEach((value, place) => {
        if (value === null) return;
        const x = u.valToPos(place + shift(number), "x", true), y = u.valToPos(value, "y", true);
        ctx.strokeStyle = ctx.fillStyle = theme.series[number];
        const pair = series.intervals[place];
        if (pair) {
          ctx.beginPath();
          const ends = pair.map((end) => u.valToPos(end, "y", true));
          ctx.moveTo(x, ends[0]); ctx.lineTo(x, ends[1]);
          for (const end of ends) { ctx.moveTo(x - 4 * ratio, end); ctx.lineTo(x + 4 * ratio, end); }
          ctx.stroke();
        }
        ctx.beginPath(); ctx.arc(x, y, 4.5 * ratio, 0, 2 * Math.PI); ctx.fill();
      }));
      ctx.restore();
    }

    const bars = (number) => uPlot.paths.bars({
      size: [many === 1 ? 0.62 : 0.38, 56], align: many === 1 ? 0 : number ? 1 : -1, radius: 0.12, gap: many === 1 ? 0 : 1,
    });
    const font = "12px Inter, system-ui, sans-serif", titles = "600 12px Inter, system-ui, sans-serif";
    const axis = {
      font, labelFont: titles, labelSize: 22, stroke: () => theme.quiet,
      grid: { stroke: () => theme.line, width: 1 }, ticks: { show: false },
    };
    const options = (width) => ({
      width, height: 260, padding: [12, 8, 0, 0], legend: { show: false }, select: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: () => [-0.5, count - 0.5] },
        y: { range: () => [0, chart.most ?? highest * 1.08] },
      },
      series: [{}, ...chart.series.map((series, number) => ({
        label: series.name, stroke: () => theme.series[number], fill: () => theme.series[number], width: 0,
        paths: chart.points ? () => null : bars(number), points: { show: false },
      }))],
      axes: [
        {
          ...axis, label: chart.x, grid: { show: false }, gap: 6,
          size: (_u, names) => 10 + 15 * Math.max(1, ...(names ?? []).map((name) => name.split("\n").length)),
          splits: () => chart.categories.map((_name, place) => place),
          values: (u, splits) => {
            const room = u.bbox.width / (devicePixelRatio || 1) / count;
            const longest = Math.max(...chart.categories.map((name) => Math.max(...name.split(" ").map((word) => word.length))));
            const every = Math.max(1, Math.ceil((longest * 6.5 + 10) / room));
            return splits.map((place) => (place % every ? "" : wrapped(chart.categories[place], room * every - 10)));
          },
        },
        {
          ...axis, label: chart.y, size: 52, gap: 8, space: 40, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000],
          values: (_u, splits) => splits.map((value) => whole.format(value)),
        },
      ],
      hooks: {
        draw: chart.points ? [intervals] : [],
        setCursor: [(u) => (u.cursor.left < 0 ? hide() : show(u.cursor.idx))],
      },
    });

    const drawn = new uPlot(
      options(plot.clientWidth), [chart.categories.map((_name, place) => place), ...chart.series.map((series) => series.values)], plot,
    );
    drawn.over.setAttribute("aria-hidden", "true");
    let shown = null, byKey = false;

    function hide() { tip.hidden = true; shown = null; }
    function show(place) {
      if (place === null || place === undefined) return hide();
      shown = place;
      const title = Object.assign(document.createElement("strong"), { textContent: chart.categories[place] });
      const lines = chart.series.map((series, number) => {
        const line = document.createElement("span"), key = document.createElement("span");
        key.className = `key key-${number + 1}`;
        line.append(key, many > 1 || chart.points ? `${series.name}: ${text(series, place)}` : `${text(series, place)} · ${chart.y}`);
        return line;
      });
      tip.replaceChildren(title, ...lines);
      tip.hidden = false;
      const ratio = devicePixelRatio || 1, left = drawn.bbox.left / ratio + drawn.valToPos(place, "x");
      tip.style.insetInlineStart = `${Math.max(0, Math.min(plot.clientWidth - tip.offsetWidth, left - tip.offsetWidth / 2))}px`;
      if (byKey) status.textContent = `${chart.categories[place]}: ${chart.series.map((series) => (many > 1 ? `${series.name} ` : "") + text(series, place)).join("; ")}`;
    }
    function point(place) {
      byKey = true;
      drawn.setCursor({ left: drawn.valToPos(place, "x"), top: 0 });
      byKey = false;
    }
    const KEYS = {
      ArrowRight: () => (shown === null ? 0 : Math.min(count - 1, shown + 1)), ArrowLeft: () => (shown === null ? count - 1 : Math.max(0, shown - 1)),
      Home: () => 0, End: () => count - 1,
    };
    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const place = KEYS[event.key]?.();
      if (place === undefined) return;
      event.preventDefault();
      point(place);
    });
    plot.addEventListener("blur", () => drawn.setCursor({ left: -10, top: -10 }));
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && shown !== null) drawn.setCursor({ left: -10, top: -10 }); });

    new ResizeObserver(() => { if (plot.clientWidth !== drawn.width) drawn.setSize({ width: plot.clientWidth, height: 260 }); }).observe(plot);
    const repaint = () => { theme = colours(); drawn.redraw(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });

    const button = figure.querySelector("button[aria-controls]");
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true", words = button.textContent;
      button.setAttribute("aria-expanded", String(open));
      button.textContent = button.dataset.other;
      button.dataset.other = words;
    });
  }

  document.fonts.ready.then(() => document.querySelectorAll("figure[data-chart]").forEach(draw));
})();
