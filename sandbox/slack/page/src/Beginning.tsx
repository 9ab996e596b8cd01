import { TOUR } from "./tour";
import type { Channel } from "./types";

interface Props {
  channel: Channel;
  command: string;
  suggest: (text: string) => void;
}

/** What stands in a conversation before its first message. */
export function Beginning({ channel, command, suggest }: Props) {
  return (
    <div className="beginning" data-testid="beginning">
      <h2>{channel.is_im ? "You and DMS" : `# ${channel.name}`}</h2>
      {TAKES_COMMANDS.includes(channel.name) ? (
        <Tour command={command} suggest={suggest} />
      ) : (
        <p>
          {channel.topic_text && `${channel.topic_text}. `}
          {channel.has_app || channel.is_im
            ? "Nothing here yet: what the app has to say here appears by itself."
            : "Its commands work here; its own messages do not."}
        </p>
      )}
    </div>
  );
}

const TAKES_COMMANDS = ["dms", "general"];

function Tour({ command, suggest }: Omit<Props, "channel">) {
  return (
    <>
      <p>
        A stand-in for Slack, with a stand-in for Database Migration Service behind it. Nothing leaves this
        machine, and nothing here can be broken. Type a command below, or take one of these and press Enter:
      </p>
      <table className="tour">
        <tbody>
          {TOUR.map(({ words, why }) => (
            <tr key={words}>
              <td>
                <button type="button" className="try" onClick={() => suggest(`${command} ${words}`)}>
                  {command} {words}
                </button>
              </td>
              <td>{why}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        Then press the buttons in the answers, look into <strong>#db-migrations</strong>, where every change of a
        job is told, and switch at the top left to see it as somebody else.
      </p>
    </>
  );
}
