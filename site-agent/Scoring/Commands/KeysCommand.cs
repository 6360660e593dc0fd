using System.CommandLine;
using System.Text;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary><c>site-scoring keys</c>: who may call.</summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", "Who may call.") { Add(), Remove(), List() };

    private static Argument<string> Client() => new("name") { Description = "The client's name." };

    private static Command Add()
    {
        var (data, name) = (CommandLine.Data(), Client());
        var command = new Command("add", "Makes a client's key and shows it, this once.") { name, data };
        command.SetAction(parsed =>
        {
            var folder = CommandLine.Folder(parsed, data);
            Write(folder, ClientKeys.ReadFile(folder.Clients).Add(parsed.GetRequiredValue(name), out var key));
            Console.WriteLine(key);
            return CommandLine.Done;
        });
        return command;
    }

    private static Command Remove()
    {
        var (data, name) = (CommandLine.Data(), Client());
        var command = new Command("remove", "Takes a client's key out of use, within a second.") { name, data };
        command.SetAction(parsed =>
        {
            var folder = CommandLine.Folder(parsed, data);
            var (clients, removed) = (ClientKeys.ReadFile(folder.Clients), parsed.GetRequiredValue(name));
            if (clients.Clients.All(client => client.Name != removed))
                throw new ScoringSetupException($"There is no client '{removed}'. 'site-scoring keys list' shows those that there are.");
            Write(folder, clients with { Clients = [.. clients.Clients.Where(client => client.Name != removed)] });
            return CommandLine.Done;
        });
        return command;
    }

    private static Command List()
    {
        var data = CommandLine.Data();
        var command = new Command("list", "Shows who may call, and SHA-256 of their keys.") { data };
        command.SetAction(parsed =>
        {
            foreach (var client in ClientKeys.ReadFile(CommandLine.Folder(parsed, data).Clients).Clients)
                Console.WriteLine($"{client.Name} {client.Digest}");
            return CommandLine.Done;
        });
        return command;
    }

    /// <summary>Writes who may call.</summary>
    internal static void Write(ScoringFolder folder, ClientKeys clients) =>
        DurableFile.Write(new FileDisk(folder.Root, ownerOnly: true), Path.GetFileName(folder.Clients), Encoding.UTF8.GetBytes(clients.ToYaml()));
}
