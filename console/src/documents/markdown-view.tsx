/** Markdown as elements: nothing of it becomes HTML but what stands here. */
import "../style/assets.css";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { markdownBlocks, type Block, type Inline } from "./markdown";

function inlines(parts: Inline[]): ComponentChildren {
  return parts.map((part, at) => {
    switch (part.kind) {
      case "text":
        return part.text;
      case "code":
        return <code key={at}>{part.text}</code>;
      case "strong":
        return <strong key={at}>{inlines(part.parts)}</strong>;
      case "emphasis":
        return <em key={at}>{inlines(part.parts)}</em>;
      case "link": {
        const here = part.address.startsWith("#");
        return (
          <a
            key={at}
            href={part.address}
            {...(here ? {} : { target: "_blank", rel: "noopener noreferrer" })}
          >
            {inlines(part.parts)}
          </a>
        );
      }
    }
  });
}

/** A page has one h1 of its own: headings of a document begin below it. */
function heading(level: number, key: number, parts: ComponentChildren) {
  if (level <= 1) return <h2 key={key}>{parts}</h2>;
  if (level === 2) return <h3 key={key}>{parts}</h3>;
  return <h4 key={key}>{parts}</h4>;
}

function blocks(all: Block[]): ComponentChildren {
  return all.map((block, key) => {
    switch (block.kind) {
      case "heading":
        return heading(block.level, key, inlines(block.parts));
      case "paragraph":
        return <p key={key}>{inlines(block.parts)}</p>;
      case "code":
        return (
          <pre key={key} tabIndex={0}>
            <code>{block.text}</code>
          </pre>
        );
      case "rule":
        return <hr key={key} />;
      case "quote":
        return <blockquote key={key}>{blocks(block.blocks)}</blockquote>;
      case "list": {
        const items = block.items.map((item, at) => <li key={at}>{blocks(item)}</li>);
        return block.ordered ? (
          <ol key={key} start={block.first}>
            {items}
          </ol>
        ) : (
          <ul key={key}>{items}</ul>
        );
      }
      case "table":
        return (
          <div key={key} class="markdown-table" tabIndex={0} role="group">
            <table>
              <thead>
                <tr>
                  {block.head.map((cell, at) => (
                    <th key={at} scope="col">
                      {inlines(cell)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {block.rows.map((row, at) => (
                  <tr key={at}>
                    {row.map((cell, column) => (
                      <td key={column}>{inlines(cell)}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
    }
  });
}

export function Markdown({ text }: { text: string }) {
  const all = useMemo(() => markdownBlocks(text), [text]);
  return <div class="markdown">{blocks(all)}</div>;
}
