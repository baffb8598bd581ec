// Upload a photo, wait for its result, and read changes. The TypeScript compiler checks every name against the API description.
import type { components, operations, paths } from "./deepfake-api";

type Scan = components["schemas"]["Scan"];
type Problem = components["schemas"]["Problem"];
type Filters = NonNullable<operations["listScans"]["parameters"]["query"]>;
type Submitted = paths["/api/v1/scans"]["post"]["responses"][202]["content"]["application/json"];

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

export class Deepfakes {
  constructor(
    private readonly site: string,
    private readonly key: string,
  ) {}

  private async ask<T>(path: string, options: RequestInit = {}): Promise<T> {
    const headers = { ...options.headers, Authorization: `Bearer ${this.key}` };
    const answer = await fetch(`${this.site}/api/v1${path}`, { ...options, headers });
    if (!answer.ok) throw new Refused((await answer.json()) as Problem);
    return (await answer.json()) as T;
  }

  async outcome(file: File, externalId: string): Promise<Scan["effective"]> {
    const form = new FormData();
    form.set("file", file);
    form.set("external_id", externalId);
    const headers = { "Idempotency-Key": externalId };
    let scan: Submitted = await this.ask("/scans?wait=20", { method: "POST", body: form, headers });
    while (scan.status === "queued" || scan.status === "analysing") {
      scan = await this.ask<Scan>(`/scans/${scan.id}?wait=20`);
    }
    return scan.effective;
  }

  async *list(filters: Filters): AsyncGenerator<Scan> {
    const said = Object.entries(filters).map(([name, value]): [string, string] => [name, String(value)]);
    let path: string | null = `/scans?${new URLSearchParams(said)}`;
    while (path) {
      const page: components["schemas"]["ScanPage"] = await this.ask(path);
      yield* page.results;
      path = page.next && page.next.split("/api/v1")[1];
    }
  }
}
