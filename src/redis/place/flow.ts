/** A directed arc; among parallel arcs the cheaper is used first, so rising costs express a convex price. */
interface Arc {
  readonly to: number;
  capacity: number;
  readonly cost: number;
  readonly back: number;
}

/** Minimum-cost flow by shortest augmenting paths: exact, deterministic (arcs in order of insertion break ties). */
export class FlowNetwork {
  readonly #arcs: Arc[][] = [];

  addVertex(): number {
    this.#arcs.push([]);
    return this.#arcs.length - 1;
  }

  /** Returns a handle that tells after {@link run} how much flows through the arc. */
  addArc(from: number, to: number, capacity: number, cost: number): () => number {
    const forward: Arc = { to, capacity, cost, back: this.#out(to).length };
    const reverse: Arc = { to: from, capacity: 0, cost: -cost, back: this.#out(from).length };
    this.#out(from).push(forward);
    this.#out(to).push(reverse);
    return () => reverse.capacity;
  }

  /** Sends as much as possible from source to sink at the least cost. */
  run(source: number, sink: number): void {
    for (;;) {
      const path = this.#cheapestPath(source, sink);
      if (!path) return;
      const amount = Math.min(...path.map((arc) => arc.capacity));
      for (const arc of path) {
        arc.capacity -= amount;
        const reverse = this.#out(arc.to)[arc.back];
        if (reverse) reverse.capacity += amount;
      }
    }
  }

  #out(vertex: number): Arc[] {
    return this.#arcs[vertex] ?? [];
  }

  /** Bellman-Ford with a queue: costs may be negative on reverse arcs, cycles of negative cost cannot arise. */
  #cheapestPath(source: number, sink: number): Arc[] | undefined {
    const distance = new Map<number, number>([[source, 0]]);
    const reachedBy = new Map<number, { arc: Arc; from: number }>();
    const queue = [source];
    const queued = new Set(queue);
    for (let vertex = queue.shift(); vertex !== undefined; vertex = queue.shift()) {
      queued.delete(vertex);
      for (const arc of this.#out(vertex)) {
        const candidate = (distance.get(vertex) ?? 0) + arc.cost;
        if (arc.capacity === 0 || candidate >= (distance.get(arc.to) ?? Number.POSITIVE_INFINITY)) continue;
        distance.set(arc.to, candidate);
        reachedBy.set(arc.to, { arc, from: vertex });
        if (!queued.has(arc.to)) {
          queue.push(arc.to);
          queued.add(arc.to);
        }
      }
    }
    if (!distance.has(sink)) return undefined;
    const path: Arc[] = [];
    for (let vertex = sink; vertex !== source; ) {
      const step = reachedBy.get(vertex);
      if (!step) return undefined;
      path.push(step.arc);
      vertex = step.from;
    }
    return path;
  }
}
