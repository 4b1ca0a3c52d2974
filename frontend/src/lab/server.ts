/** What the server extension tells of a notebook whose kernel tells nothing. */

import { type PipelineSnapshot, readSnapshot } from "../snapshot";
import type { ServerSettings, ServicesModule } from "./jupyter";

export class Server {
  constructor(
    private readonly services: ServicesModule,
    private readonly settings: ServerSettings,
  ) {}

  /** Return the last that is known of a notebook's graph; `null` where nothing is. */
  async graph(path: string): Promise<PipelineSnapshot | null> {
    const url = `${this.settings.baseUrl}zen_nb/api/graph?path=${encodeURIComponent(path)}`;
    try {
      const connection = this.services.ServerConnection;
      const response = await connection.makeRequest(url, {}, this.settings);
      return response.ok ? readSnapshot(await response.json()) : null;
    } catch {
      return null;
    }
  }
}
