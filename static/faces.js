// Is there a face before the camera, and how large? Asked of the smallest of the site's three face networks, in this browser:
// no picture leaves it. Good enough to guide somebody; what is judged later is found by all three.
"use strict";

const faceFinder = (() => {
  const LAYERS = [[3, 10, 3], [10, 16, 3], [16, 32, 3], [32, 4, 1], [32, 2, 1]]; // channels in, out, size of the filter
  const CELL = 12, SHRINK = 0.709, LIKELY = 0.6, TOGETHER = 0.4, ENOUGH = 15;
  let parts = null;

  async function load(address) {
    const numbers = new Float32Array(await (await fetch(address)).arrayBuffer());
    let at = 0;
    const take = (count) => numbers.subarray(at, (at += count));
    parts = LAYERS.map(([from, to, size], number) => ({
      from, to, size, filters: take(to * from * size * size), bias: take(to), slope: number < 3 ? take(to) : null,
    }));
  }

  function filtered({ data, width, height }, { from, to, size, filters, bias, slope }) {
    const across = width - size + 1, down = height - size + 1, out = new Float32Array(to * across * down);
    for (let o = 0; o < to; o++) for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) {
      let sum = bias[o], f = o * from * size * size;
      for (let c = 0; c < from; c++) for (let j = 0; j < size; j++) {
        const row = (c * height + y + j) * width + x;
        for (let i = 0; i < size; i++) sum += data[row + i] * filters[f++];
      }
      out[(o * down + y) * across + x] = slope && sum < 0 ? sum * slope[o] : sum;
    }
    return { data: out, width: across, height: down };
  }

  function halved({ data, width, height }, channels) {
    const across = width >> 1, down = height >> 1, out = new Float32Array(channels * across * down);
    for (let c = 0; c < channels; c++) for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) {
      const at = (c * height + 2 * y) * width + 2 * x;
      out[(c * down + y) * across + x] = Math.max(data[at], data[at + 1], data[at + width], data[at + width + 1]);
    }
    return { data: out, width: across, height: down };
  }

  function proposed(pixels, share, rows) {
    const { data, width, height } = pixels, area = width * height, planes = new Float32Array(3 * area);
    for (let n = 0; n < area; n++) for (let c = 0; c < 3; c++) planes[c * area + n] = (data[4 * n + c] - 127.5) / 128;
    let found = halved(filtered({ data: planes, width, height }, parts[0]), parts[0].to);
    found = filtered(filtered(found, parts[1]), parts[2]);
    const boxes = filtered(found, parts[3]), sure = filtered(found, parts[4]), cells = sure.width * sure.height;
    for (let n = 0; n < cells; n++) {
      const chance = 1 / (1 + Math.exp(sure.data[n] - sure.data[cells + n]));
      if (chance <= LIKELY) continue;
      const x = (n % sure.width) * 2, y = Math.floor(n / sure.width) * 2;
      rows.push([x, y, x + CELL, y + CELL].map((corner, k) => (corner + boxes.data[k * cells + n] * CELL) / share).concat(chance));
    }
  }

  function shared(one, other) {
    const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]), height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
    if (width <= 0 || height <= 0) return 0;
    const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
    return (width * height) / (area(one) + area(other) - width * height);
  }

  // The place on which most proposals lie, as a share of the picture's width; null where too few agree.
  function find(source, width, height) {
    const across = 96, down = Math.round((height * across) / width), rows = [];
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d", { willReadFrequently: true });
    for (let share = 1; Math.min(across, down) * share >= CELL; share *= SHRINK) {
      canvas.width = Math.floor(across * share); canvas.height = Math.floor(down * share);
      context.imageSmoothingQuality = "high";
      context.drawImage(source, 0, 0, canvas.width, canvas.height);
      proposed(context.getImageData(0, 0, canvas.width, canvas.height), share, rows);
    }
    let most = 0, agreed = [];
    for (const row of rows) {
      const near = rows.filter((other) => shared(row, other) > TOGETHER), votes = near.reduce((sum, other) => sum + other[4], 0);
      if (votes > most) { most = votes; agreed = near; }
    }
    const mean = (corner) => agreed.reduce((sum, one) => sum + one[corner] * one[4], 0) / most / across;
    return most < ENOUGH ? null : { left: mean(0), top: mean(1), width: mean(2) - mean(0) };
  }

  return { load, find, get ready() { return parts !== null; } };
})();
