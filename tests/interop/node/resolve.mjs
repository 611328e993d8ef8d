// resolve.mjs BASE TARGET...: the path of each target, as a server finds it that decodes before it parses.
const [base, ...targets] = process.argv.slice(2);
console.log(JSON.stringify(targets.map((target) => new URL(decodeURIComponent(target), base).pathname)));
