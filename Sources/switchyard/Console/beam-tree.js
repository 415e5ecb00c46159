// A beam search as it grows: every candidate of every step, where it stands and what it follows. No drawing here.

/** What a score is below that belongs to a place that was empty at the start. */
const EMPTY = -1e8;

export const COLUMN = 124;
export const LANE = 30;
const [LEFT, TOP] = [18, 34];

export class BeamTree {
  constructor() {
    this.root = { id: 0, parent: null, step: -1, lane: 0, text: "", score: 0, outcome: "kept", children: [] };
    this.nodes = [this.root];
    this.steps = [];
    this.kept = [this.root];
    this.prefix = [];
    this.finished = [];
    this.isOver = false;
  }

  begin(event) {
    this.prefix = event.decoder_prompt;
    this.width = event.num_beams;
  }

  /** Adds a step; returns its nodes, best first: kept, finished, pruned. */
  add(event) {
    const next = [];
    const made = [];
    for (const candidate of event.candidates) {
      if (candidate.score === null || candidate.score < EMPTY) {
        // A place nobody had yet: whoever goes on from it goes on from nothing.
        if (candidate.beam !== null) next[candidate.beam] = this.kept[candidate.parent] ?? this.root;
        continue;
      }
      const parent = this.kept[candidate.parent] ?? this.root;
      const node = { ...candidate, token: candidate.id, id: this.nodes.length, parent, step: event.step, children: [], isStopped: event.last };
      parent.children.push(node);
      this.nodes.push(node);
      made.push(node);
      if (candidate.beam !== null) next[candidate.beam] = node;
      if (candidate.outcome === "finished") this.finished.push(node);
    }
    const order = { kept: 0, finished: 1, pruned: 2 };
    made.sort((a, b) => order[a.outcome] - order[b.outcome] || (a.beam ?? 0) - (b.beam ?? 0) || b.score - a.score);
    made.forEach((node, lane) => { node.lane = lane; });
    this.steps.push(made);
    this.kept = next;
    this.isOver = event.last;
    return made;
  }

  get lanes() { return Math.max(1, ...this.steps.map((step) => step.length)); }
  get size() { return { width: LEFT * 2 + COLUMN * (this.steps.length + 1), height: TOP + LANE * this.lanes + 14 }; }

  place(node) {
    return { x: LEFT + COLUMN * (node.step + 1), y: TOP + LANE * node.lane };
  }

  /** From the parent along its track, and over the switch. */
  track(node) {
    const [from, to] = [this.place(node.parent), this.place(node)];
    const bend = from.x + COLUMN * 0.6;
    const middle = (bend + to.x) / 2;
    return `M${from.x} ${from.y}H${bend}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
  }

  /** A node and all it follows, the first of them first, without the root. */
  path(node) {
    const path = [];
    for (let at = node; at.parent !== null; at = at.parent) path.unshift(at);
    return path;
  }

  textOf(node) { return [...this.prefix, ...this.path(node)].map((token) => token.text).join(""); }

  /** The hypothesis that leads: of those that ended the best; while nothing has, the best that goes on. */
  get leader() {
    const ended = this.finished.reduce((best, node) => (!best || node.finished_score > best.finished_score ? node : best), null);
    return this.isOver || !this.kept[0] ? ended ?? this.kept[0] ?? this.root : this.kept[0];
  }
}
