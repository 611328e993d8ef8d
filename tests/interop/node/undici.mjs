// Fetches a URL through a proxy with undici's ProxyAgent: node undici.mjs MODULES PROXY URL [USER:PASSWORD]
import { createRequire } from "node:module";

const [modules, proxy, url, credentials] = process.argv.slice(2);
const { ProxyAgent, request } = createRequire(modules + "/")("undici");

const token = credentials && "Basic " + Buffer.from(credentials).toString("base64");
const agent = new ProxyAgent({ uri: proxy, token });
try {
    const { statusCode, body } = await request(url, { dispatcher: agent });
    process.stdout.write(await body.text());
    process.exitCode = statusCode === 200 ? 0 : 1;
} catch (error) {
    console.error(error);
    process.exitCode = 1;
} finally {
    await agent.close();
}
