// The height of each line in pixels: all alike, except measured ones, and folded ones (0).
const BLOCK_LINES = 256; // lines of one block of exceptions

export class Heights {
  #blocks = new Map(); // number of the block -> {heights, sum}
  #order = []; // the numbers of the blocks, ascending
  count = 0;

  constructor(base) {
    this.base = base;
  }

  of(line) {
    return this.#blocks.get(blockOf(line))?.heights[(line - 1) % BLOCK_LINES] ?? this.base;
  }

  set(line, height) {
    const before = this.of(line);
    if (before === height) return;
    const number = blockOf(line);
    let block = this.#blocks.get(number);
    if (!block) {
      block = { heights: new Float64Array(BLOCK_LINES).fill(this.base), sum: BLOCK_LINES * this.base };
      this.#blocks.set(number, block);
      this.#order = [...this.#blocks.keys()].sort((a, b) => a - b);
    }
    block.heights[(line - 1) % BLOCK_LINES] = height;
    block.sum += height - before;
  }

  /** Forget the measured heights: lines are `base` high; folded ones stay folded. */
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

  /** The height of all lines above `line`. */
  top(line) {
    const own = blockOf(line);
    let top = (line - 1) * this.base;
    for (const number of this.#order) {
      if (number > own) break;
      const { heights, sum } = this.#blocks.get(number);
      if (number < own) top += sum - BLOCK_LINES * this.base;
      else for (let n = 0; n < (line - 1) % BLOCK_LINES; n += 1) top += heights[n] - this.base;
    }
    return top;
  }

  /** The line at `y`. */
  at(y) {
    let [line, top] = [1, 0];
    for (const number of this.#order) {
      const { heights, sum } = this.#blocks.get(number);
      const first = number * BLOCK_LINES + 1;
      const start = top + (first - line) * this.base;
      if (y < start) break;
      if (y < start + sum) {
        let [n, bottom] = [0, start + heights[0]];
        while (bottom <= y && n < BLOCK_LINES - 1) {
          n += 1;
          bottom += heights[n];
        }
        return this.#within(first + n);
      }
      [line, top] = [first + BLOCK_LINES, start + sum];
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

const blockOf = (line) => Math.floor((line - 1) / BLOCK_LINES);
