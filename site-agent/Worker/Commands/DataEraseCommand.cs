using System.CommandLine;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker data erase</c>: a steward has events erased now.</summary>
internal static class DataEraseCommand
{
    public static Command Create()
    {
        var (data, dataset) = (CommandLine.Data(), new Argument<string>("dataset") { Description = "Its name in datasets.yaml." });
        var yes = new Option<bool>("--yes") { Description = "Does not ask for the name to be typed." };
        var steward = new Option<string>("--steward") { Description = "Who orders it.", DefaultValueFactory = _ => Environment.UserName };
        var note = new Option<string>("--note") { Description = "Stays at the site, in the log.", DefaultValueFactory = _ => "" };
        var command = new Command("erase", "Erases the events of a data set, what was decided about them, and the profiles for drift made from them. The export stays; so does what has left.") { dataset, data, yes, steward, note };
        command.SetAction(async (parsed, cancel) =>
        {
            var name = parsed.GetRequiredValue(dataset);
            if (!parsed.GetValue(yes))
            {
                Console.Error.WriteLine($"This erases every event of '{name}' and what stewards decided about them; it cannot be undone. Type the name of the data set to go on:");
                if (Console.In.ReadLine()?.Trim() != name)
                {
                    Console.Error.WriteLine("That is not its name. Nothing was erased.");
                    return CommandLine.Refused;
                }
            }

            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            await channel.Client.EraseDataAsync(
                new EraseDataRequest { Dataset = name, Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) }, cancellationToken: cancel);
            Console.WriteLine($"erased {name}");
            return CommandLine.Done;
        });
        return command;
    }

    /// <summary>Says until when a data set is kept, where there is something to say.</summary>
    public static void Write(TextWriter writer, DataKept kept)
    {
        if (!kept.Mapped)
            writer.WriteLine($"{kept.Dataset}: events are here that datasets.yaml does not map; 'site-worker data erase {kept.Dataset}' removes them.");
        else if (kept.Over)
            writer.WriteLine($"{kept.Dataset}: its last day, {kept.KeepUntil}, is over. Nothing of it is used or imported.");
        else if (kept.KeepUntil.Length > 0)
            writer.WriteLine($"{kept.Dataset}: kept until {kept.KeepUntil}, then erased.");
    }
}
