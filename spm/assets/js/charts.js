// ECharts under a strict policy: SVG, rich-text tooltips, colours read from the tokens and again when the theme changes.
import * as echarts from 'echarts/core';
import {BarChart, LineChart} from 'echarts/charts';
import {AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent} from 'echarts/components';
import {SVGRenderer} from 'echarts/renderers';
import {lang} from './i18n.js';

echarts.use([LineChart, BarChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, SVGRenderer]);
const drawn = new Map();
const resized = new ResizeObserver(entries => entries.forEach(({target}) => drawn.get(target)?.chart.resize()));

function token(name) {
  const probe = document.createElement('i');
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

function formatter({style, currency, digits} = {}, compact) {
  const options = {style: style || 'decimal', maximumFractionDigits: compact ? 1 : digits ?? 2, notation: compact ? 'compact' : 'standard'};
  if (style === 'currency') options.currency = currency;
  if (style === 'percent') { options.maximumFractionDigits = digits ?? 1; options.notation = 'standard'; }
  if (style === 'currency' && compact) options.minimumFractionDigits = 0;
  const format = new Intl.NumberFormat(lang(), options);
  return value => (value === null || value === undefined || Number.isNaN(value) ? '—' : format.format(value));
}

const LINES = {
  actual: c => ({type: 'line', lineStyle: {width: 2.5, color: c.series[0]}, itemStyle: {color: c.series[0]}, areaStyle: {color: c.series[0], opacity: .09}, z: 3}),
  plan: c => ({type: 'line', lineStyle: {width: 1.5, color: c.mute}, itemStyle: {color: c.mute}}),
  projection: c => ({type: 'line', lineStyle: {width: 2, type: [5, 4], color: c.series[0]}, itemStyle: {color: c.series[0]}}),
  low: () => ({type: 'line', stack: 'band', lineStyle: {opacity: 0}, silent: true, tooltip: {show: false}}),
  band: c => ({type: 'line', stack: 'band', lineStyle: {opacity: 0}, areaStyle: {color: c.series[0], opacity: .13}, silent: true, tooltip: {show: false}}),
};

function option(spec) {
  const c = {ink: token('--ink'), mute: token('--ink-3'), line: token('--line'), surface: token('--raised'), series: [1, 2, 3, 4, 5].map(i => token(`--series-${i}`))};
  const font = getComputedStyle(document.body).fontFamily;
  const short = formatter(spec.format, true);
  const full = formatter(spec.format, false);
  const hidden = new Set(spec.series.filter(s => s.role === 'low' || s.role === 'band').map(s => s.name));
  let next = 0;
  const series = spec.series.map(s => {
    const style = LINES[s.role] ? LINES[s.role](c) : (color => ({type: s.type || 'bar', stack: s.stack, barMaxWidth: 26, barGap: '12%', lineStyle: {width: 2.25, color, type: s.dashed ? [5, 4] : 'solid'}, itemStyle: {color, borderRadius: s.stack ? 0 : [3, 3, 0, 0]}}))(c.series[next++ % 5]);
    return {name: s.name, data: s.values, symbol: s.role && s.values.filter(v => v !== null).length > 1 ? 'none' : 'circle', symbolSize: 5, showSymbol: s.values.filter(v => v !== null).length === 1, smooth: false, connectNulls: false, emphasis: {disabled: true}, ...style};
  });
  if (spec.target) series[0].markLine = {silent: true, symbol: 'none', lineStyle: {color: c.series[1], width: 1.5, type: [2, 3]}, label: {formatter: spec.target.label, position: 'insideEndTop', color: c.ink, fontFamily: font, fontSize: 11.5, backgroundColor: c.surface, padding: [1, 4], borderRadius: 3}, data: [{yAxis: spec.target.value}]};
  const category = {type: 'category', data: spec.labels, boundaryGap: spec.kind !== 'pace' && spec.series.some(s => (s.type || 'bar') === 'bar'), axisLine: {lineStyle: {color: c.line}}, axisTick: {show: false}, axisLabel: {color: c.mute, fontSize: 11.5, hideOverlap: true, ...(spec.horizontal ? {width: 120, overflow: 'truncate'} : {})}};
  const value = {type: 'value', axisLabel: {color: c.mute, fontSize: 11.5, formatter: short}, splitLine: {lineStyle: {color: c.line}}, splitNumber: 4, max: spec.max ?? null};
  return {
    animation: false,
    textStyle: {fontFamily: font, color: c.ink},
    aria: {enabled: true, label: {description: spec.summary || spec.title}},
    grid: {left: 4, right: 14, top: series.length > 1 ? 34 : 12, bottom: 8, containLabel: true},
    legend: series.length > 1 ? {top: 0, left: 0, itemWidth: 18, itemHeight: 3, itemGap: 16, icon: spec.kind === 'pace' ? undefined : 'roundRect', textStyle: {color: c.ink, fontSize: 12}, data: spec.series.filter(s => !hidden.has(s.name)).map(s => s.name), selectedMode: false} : undefined,
    tooltip: {
      trigger: 'axis', renderMode: 'richText', backgroundColor: c.surface, borderColor: c.line, borderWidth: 1, padding: [8, 12], confine: true, textStyle: {color: c.ink, fontSize: 12.5, fontFamily: font},
      axisPointer: {type: spec.kind === 'pace' ? 'line' : 'shadow', lineStyle: {color: c.mute}},
      formatter: points => [points[0]?.axisValueLabel, ...points.filter(p => !hidden.has(p.seriesName) && p.value !== null && p.value !== undefined).map(p => `${p.seriesName}: ${full(p.value)}`)].join('\n'),
    },
    xAxis: spec.horizontal ? value : category,
    yAxis: spec.horizontal ? {...category, inverse: true} : value,
    series,
  };
}

export function mount(figure) {
  figure.dataset.mounted = '';
  const spec = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const box = figure.querySelector('.chart-box');
  const chart = echarts.init(box, null, {renderer: 'svg'});
  drawn.set(box, {chart, spec});
  chart.setOption(option(spec));
  resized.observe(box);
}

addEventListener('themechange', () => drawn.forEach(({chart, spec}, box) => {
  if (box.isConnected) chart.setOption(option(spec), true);
  else { chart.dispose(); drawn.delete(box); }
}));
