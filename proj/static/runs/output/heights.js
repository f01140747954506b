// How high each line stands, in pixels: all alike, but for those that were measured otherwise, and folded ones (0).
const SIZE = 256; // lines whose exceptions are kept together

export class Heights {
  #blocks = new Map(); // number of the block -> {heights, sum}
  #order = []; // the numbers of the blocks, ascending
  count = 0;

  constructor(base) {
    this.base = base;
  }

  of(line) {
    return this.#blocks.get(blockOf(line))?.heights[(line - 1) % SIZE] ?? this.base;
  }

  set(line, height) {
    const before = this.of(line);
    if (before === height) return;
    const number = blockOf(line);
    let block = this.#blocks.get(number);
    if (!block) {
      block = { heights: new Float64Array(SIZE).fill(this.base), sum: SIZE * this.base };
      this.#blocks.set(number, block);
      this.#order = [...this.#blocks.keys()].sort((a, b) => a - b);
    }
    block.heights[(line - 1) % SIZE] = height;
    block.sum += height - before;
  }

  /** Forget what was measured, and that lines stand `base` high; folded ones stay folded. */
  reset(base = this.base) {
    this.base = base;
    for (const block of this.#blocks.values()) {
      block.heights = block.heights.map((height) => (height ? base : 0));
      block.sum = block.heights.reduce((sum, height) => sum + height, 0);
    }
  }

  get total() {
    return this.top(this.count + 1);
  }

  /** How much stands above `line`. */
  top(line) {
    const own = blockOf(line);
    let top = (line - 1) * this.base;
    for (const number of this.#order) {
      if (number > own) break;
      const { heights, sum } = this.#blocks.get(number);
      if (number < own) top += sum - SIZE * this.base;
      else for (let n = 0; n < (line - 1) % SIZE; n += 1) top += heights[n] - this.base;
    }
    return top;
  }

  /** The line that stands at `y`. */
  at(y) {
    let [line, top] = [1, 0];
    for (const number of this.#order) {
      const { heights, sum } = this.#blocks.get(number);
      const first = number * SIZE + 1;
      const start = top + (first - line) * this.base;
      if (y < start) break;
      if (y < start + sum) {
        let [n, bottom] = [0, start + heights[0]];
        while (bottom <= y && n < SIZE - 1) {
          n += 1;
          bottom += heights[n];
        }
        return this.#within(first + n);
      }
      [line, top] = [first + SIZE, start + sum];
    }
    return this.#within(line + Math.floor((y - top) / this.base));
  }

  /** The next line after `line` that is not folded. */
  after(line) {
    let next = line + 1;
    while (next <= this.count && this.of(next) === 0) next += 1;
    return next;
  }

  #within(line) {
    return Math.max(1, Math.min(line, this.count));
  }
}

const blockOf = (line) => Math.floor((line - 1) / SIZE);
