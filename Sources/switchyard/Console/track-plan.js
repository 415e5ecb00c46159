// Where tokens run: their ways through the experts of the sparse layers, as coordinates. No drawing here.

export const COLOURS = 8;
const WIDTHS = 5;
const [LEFT, TOP, GAP] = [20, 46, 44];

/** `[{block, experts, choices: [layer]}]` of one stack, in order. */
function columnsOf(stack, sizes) {
  const columns = [];
  for (const layer of stack.layers) {
    let column = columns.find(({ block }) => block === layer.block);
    if (!column) columns.push(column = { block: layer.block, choices: [], experts: sizes?.get(layer.block) ?? 0 });
    column.choices[layer.choice] = layer;
    column.experts = Math.max(column.experts, 1, ...layer.experts.map((expert) => expert + 1));
  }
  return columns;
}

/** One stack: its stops and the lines of its tokens. */
function planStack(name, stack, sizes, top, width, most) {
  const columns = columnsOf(stack, sizes);
  const tokens = stack.tokens.slice(0, most);
  const experts = Math.max(1, ...columns.map((column) => column.experts));
  const pitch = Math.max(9, Math.min(26, 560 / experts));
  const wanted = Math.min(tokens.length * 15, 420);
  const height = Math.max(experts * pitch, wanted, 60);
  const labelled = tokens.length * 13 <= height;
  const start = LEFT + (labelled ? 92 : 0);
  const step = Math.max(96, Math.min(540, (width - start - 56) / Math.max(columns.length, 1)));
  const centre = (index, of) => top + TOP + (height / of) * (index + 0.5);
  const stops = [];
  const plan = {
    name, columns, tokens, pitch, top, height: TOP + height + GAP, labelled, start, stops,
    width: start + step * columns.length + 56, ways: tokens.map(() => []),
  };
  columns.forEach((column, index) => {
    column.x = start + step * (index + 1) - 24;
    column.stops = Array.from({ length: column.experts }, (_, expert) => {
      const stop = { stack: plan, column, expert, x: column.x, y: centre(expert, column.experts), tokens: [],
        room: Math.min(pitch, height / column.experts) * 0.72 };
      stops.push(stop);
      return stop;
    });
    column.choices.forEach((layer, choice) => {
      for (let token = 0; token < tokens.length; token += 1) {
        const stop = column.stops[layer.experts[token]];
        if (!stop) continue;
        const visit = { token, choice, stop, gate: layer.gates[token], isDropped: layer.dropped[token] };
        stop.tokens.push(visit);
        plan.ways[token].push(visit);
      }
    });
    // Side by side at a stop, in the order they came.
    for (const stop of column.stops) {
      stop.tokens.forEach((visit, place) => {
        visit.y = stop.y + ((place + 0.5) / stop.tokens.length - 0.5) * stop.room;
      });
    }
  });
  plan.starts = tokens.map((_, token) => centre(token, tokens.length));
  return plan;
}

/** `d` of the line that ends at a visit. */
function segment(plan, visit, from) {
  const middle = (from.x + visit.stop.x) / 2;
  const round = (number) => Math.round(number * 10) / 10;
  return `M${round(from.x)} ${round(from.y)}C${round(middle)} ${round(from.y)} ${round(middle)} ${round(visit.y)} ${round(visit.stop.x)} ${round(visit.y)}`;
}

/** Lines that look the same, as one: `[{colour, width, isDropped, d}]`, of all tokens or of those in a set. */
export function lines(plan, tokens = null) {
  const merged = new Map();
  const thinness = plan.ways.length > 100 ? 0.5 : 1;
  plan.ways.forEach((way, token) => {
    if (tokens !== null && !tokens.has(token)) return;
    let from = { x: plan.start, y: plan.starts[token] };
    let main = from;
    for (const visit of way) {
      if (visit.choice === 0) from = main;
      const level = Math.max(0, Math.min(WIDTHS - 1, Math.floor(visit.gate * WIDTHS)));
      const width = thinness * (visit.choice === 0 ? 1 + level * 0.8 : 0.8);
      const key = `${token % COLOURS} ${width} ${visit.isDropped}`;
      if (!merged.has(key)) merged.set(key, { colour: token % COLOURS, width, isDropped: visit.isDropped, d: [] });
      merged.get(key).d.push(segment(plan, visit, from));
      if (visit.choice === 0) main = { x: visit.stop.x, y: visit.y };
    }
  });
  return [...merged.values()].map((line) => ({ ...line, d: line.d.join("") }));
}

/**
 * The whole drawing: the encoder above the decoder.
 *
 * @param route an answer of `/v1/route`
 * @param sizes experts by stack and block, from `/v1/experts`
 */
export function plan(route, sizes, width, most = 1000) {
  const stacks = [];
  let top = 0;
  for (const name of ["encoder", "decoder"]) {
    const stack = route[name];
    if (!stack || stack.tokens.length === 0 || stack.layers.length === 0) continue;
    const planned = planStack(name, stack, sizes[name], top, width, most);
    stacks.push(planned);
    top += planned.height;
  }
  return { stacks, width: Math.max(width, ...stacks.map((stack) => stack.width)), height: Math.max(top, 40) };
}

/** What is under a point: a stop, or the token whose line is nearest; null for neither. */
export function find(planned, x, y) {
  const stack = planned.stacks.find(({ top, height }) => y >= top && y < top + height);
  if (!stack) return null;
  const column = stack.columns.find((column) => Math.abs(column.x - x) <= 16);
  if (column) {
    const stop = column.stops.reduce((best, stop) => (Math.abs(stop.y - y) < Math.abs(best.y - y) ? stop : best));
    return Math.abs(stop.y - y) <= Math.max(stop.room, 9) ? { stop } : null;
  }
  const place = stack.columns.findIndex((column) => column.x > x);
  if (place < 0) return null;
  let best = { token: -1, distance: 9 };
  stack.ways.forEach((way, token) => {
    const visits = way.filter(({ choice }) => choice === 0);
    const to = visits[place];
    if (!to) return;
    const from = place === 0 ? { x: stack.start, y: stack.starts[token] } : { x: visits[place - 1].stop.x, y: visits[place - 1].y };
    const along = Math.max(0, Math.min(1, (x - from.x) / (to.stop.x - from.x)));
    const at = from.y + (to.y - from.y) * along * along * (3 - 2 * along);
    if (Math.abs(at - y) < best.distance) best = { token, distance: Math.abs(at - y) };
  });
  return best.token < 0 ? null : { stack, token: best.token };
}
