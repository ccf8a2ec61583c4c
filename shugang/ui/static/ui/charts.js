"use strict";
/* Draws every [data-chart] from its JSON block. Tooltips are drawn on the canvas: HTML ones need inline styles, which the
   content security policy forbids. Series differ by colour, dash and symbol; gaps in the data stay gaps. */
(function () {
  const root = document.documentElement, english = root.lang === "en", locale = english ? "en" : "zh-CN";
  const COLOURS = ["#0A58A8", "#B35C00", "#0A626B", "#7A3E9D", "#A3195B", "#4A6B00"];
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin", "arrow"], DASHES = ["solid", "dashed", "solid", "dotted"];
  const INK = "#16202C", INK2 = "#47566A", CONTROL = "#7B8A9E", LINE = "#E8EDF3";

  function axisNumber(value) {
    if (english) return value.toLocaleString("en", {notation: Math.abs(value) >= 10000 ? "compact" : "standard"});
    if (Math.abs(value) >= 1e8) return value / 1e8 + " 亿";
    return Math.abs(value) >= 10000 ? value / 10000 + " 万" : value.toLocaleString("zh-CN");
  }

  function series(data, s, i) {
    const common = {name: s.name, data: s.data, type: data.type, connectNulls: false};
    if (data.type === "scatter") return Object.assign(common, {symbol: SYMBOLS[i % SYMBOLS.length], symbolSize: 10});
    const line = {symbol: SYMBOLS[i % SYMBOLS.length], symbolSize: 7, lineStyle: {width: 2, type: DASHES[i % 4]}};
    return Object.assign(common, data.type === "line" ? line : {stack: s.stack || null, barMaxWidth: 16});
  }

  /* flip: categories run down the page, bars to the left and right. */
  function axes(data, words) {
    const names = {type: "category", data: data.x, axisTick: {show: false}, axisLine: {lineStyle: {color: CONTROL}}, axisLabel: words};
    const whole = data.series.every(s => s.data.every(v => v === null || Number.isInteger(Number(v))));
    const sizes = {type: "value", scale: false, minInterval: whole ? 1 : 0, axisLabel: Object.assign({formatter: axisNumber}, words), splitLine: {lineStyle: {color: LINE}}};
    if (!data.flip) return {xAxis: names, yAxis: sizes};
    return {xAxis: Object.assign(sizes, {splitNumber: 3}), yAxis: Object.assign(names, {axisLine: {show: false}})};
  }

  /* Places by longitude and latitude: no background is fetched, the axes are the map. A point is [lon, lat, name]. */
  function places(data, words) {
    const room = v => Math.max(.005, (v.max - v.min) * .1), side = {
      type: "value", scale: true, min: v => v.min - room(v), max: v => v.max + room(v), splitNumber: 4,
      axisLabel: Object.assign({formatter: v => v.toFixed(3), showMinLabel: false, showMaxLabel: false}, words), splitLine: {lineStyle: {color: LINE}},
    };
    return {xAxis: Object.assign({}, side), yAxis: Object.assign({}, side)};
  }
  const point = p => p.seriesName + "\n" + p.value[2] + "\n" + p.value[0] + ", " + p.value[1];

  function options(data, px) {
    const many = data.series.length > 1, words = {color: INK2, fontSize: px}, none = english ? "no data" : "无数据";
    const scatter = data.type === "scatter";
    return Object.assign(scatter ? places(data, words) : axes(data, words), {
      color: COLOURS, animation: false,
      textStyle: {fontFamily: getComputedStyle(document.body).fontFamily, fontSize: px, color: INK2},
      aria: {enabled: true, label: {description: data.summary}},
      grid: {left: 8, right: 14, top: many ? 42 : 16, bottom: 4, containLabel: true},
      legend: {show: many, top: 0, left: 0, itemWidth: 18, itemHeight: 9, textStyle: {color: INK, fontSize: px}},
      tooltip: {
        trigger: scatter ? "item" : "axis", formatter: scatter ? point : null, renderMode: "richText", confine: true, backgroundColor: "#fff", borderColor: CONTROL,
        textStyle: {color: INK, fontSize: px},
        valueFormatter: v => v === null || v === undefined || v === "-" ? none : Number(v).toLocaleString(locale) + " " + data.unit,
      },
      series: data.series.map((s, i) => series(data, s, i)),
    });
  }

  function draw(element) {
    const block = document.getElementById(element.dataset.chart);
    if (!window.echarts || !block) return;
    const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, {renderer: "canvas"});
    chart.setOption(options(JSON.parse(block.textContent), parseFloat(getComputedStyle(root).fontSize) * .8125), true);
  }
  function drawAll(scope) { (scope || document).querySelectorAll("[data-chart]").forEach(draw); }

  document.addEventListener("DOMContentLoaded", () => drawAll());
  document.addEventListener("sg:size", () => drawAll());
  document.addEventListener("htmx:afterSwap", event => drawAll(event.target));
  let timer;
  window.addEventListener("resize", function () {
    clearTimeout(timer);
    timer = setTimeout(() => document.querySelectorAll("[data-chart]").forEach(function (e) {
      const chart = window.echarts && echarts.getInstanceByDom(e);
      if (chart) chart.resize();
    }), 120);
  });
})();
