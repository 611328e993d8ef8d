// Fetches a URL through a proxy with https-proxy-agent: node https-proxy-agent.mjs MODULES PROXY URL
import { createRequire } from "node:module";
import { get } from "node:https";

const [modules, proxy, url] = process.argv.slice(2);
const { HttpsProxyAgent } = createRequire(modules + "/")("https-proxy-agent");

get(url, { agent: new HttpsProxyAgent(proxy) }, (response) => {
    process.exitCode = response.statusCode === 200 ? 0 : 1;
    response.pipe(process.stdout);
}).on("error", (error) => {
    console.error(error);
    process.exitCode = 1;
});
