// redact-pii with the protocol of bench/redaction: JSON lines with "text" in, "text" out.
import { createInterface } from 'node:readline'
import redact from 'redact-pii'

const redactor = new redact.SyncRedactor()
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify({ text: redactor.redact(JSON.parse(line).text) }))
