using System.CommandLine;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary><c>site-scoring ehrs</c>: the EHRs that call the CDS Hooks services with tokens of their own.</summary>
internal static class EhrsCommand
{
    private const long LargestKeys = 1 << 20;

    public static Command Create() => new("ehrs", "EHRs that call the CDS Hooks services with tokens that they sign.") { Add(), Keys(), Remove(), List() };

    private static Argument<string> Ehr() => new("name") { Description = "The EHR's name, which is in logs." };

    private static Option<FileInfo> KeySet() => new("--keys") { Description = "Its public keys: a JWK Set (RFC 7517), from those who run it.", Required = true };

    private static Command Add()
    {
        var (data, name, keys) = (CommandLine.Data(), Ehr(), KeySet());
        var issuer = new Option<string>("--issuer") { Description = "What stands in its tokens as 'iss'.", Required = true };
        var address = new Option<string>("--address") { Description = "The address at which it calls this program, such as https://scoring.hospital.example:8630: with a call's path it is what its tokens are for (aud).", Required = true };
        var command = new Command("add", "Lets an EHR call the CDS Hooks services, within a second.") { name, issuer, address, keys, data };
        command.SetAction(parsed => Change(parsed, data, clients => clients.Add(EhrClient.Of(parsed.GetRequiredValue(name), parsed.GetRequiredValue(issuer), parsed.GetRequiredValue(address), Read(parsed.GetRequiredValue(keys))))));
        return command;
    }

    private static Command Keys()
    {
        var (data, name, keys) = (CommandLine.Data(), Ehr(), KeySet());
        var command = new Command("keys", "Puts other keys of an EHR in the place of those that it had, within a second.") { name, keys, data };
        command.SetAction(parsed => Change(parsed, data, clients =>
        {
            var ehr = clients.Ehr(parsed.GetRequiredValue(name));
            return clients with { Ehrs = clients.Ehrs.Replace(ehr, ehr.With(Read(parsed.GetRequiredValue(keys)))) };
        }));
        return command;
    }

    private static Command Remove()
    {
        var (data, name) = (CommandLine.Data(), Ehr());
        var command = new Command("remove", "Lets an EHR call no more, within a second.") { name, data };
        command.SetAction(parsed => Change(parsed, data, clients => clients with { Ehrs = clients.Ehrs.Remove(clients.Ehr(parsed.GetRequiredValue(name))) }));
        return command;
    }

    private static Command List()
    {
        var data = CommandLine.Data();
        var command = new Command("list", "Shows the EHRs, their issuers, the addresses at which they call and the names of their keys.") { data };
        command.SetAction(parsed =>
        {
            foreach (var ehr in ClientKeys.ReadFile(CommandLine.Folder(parsed, data).Clients).Ehrs)
                Console.WriteLine($"{ehr.Name} {ehr.Issuer} {ehr.Address} {string.Join(' ', ehr.Keys.Keys.Order(StringComparer.Ordinal))}");
            return CommandLine.Done;
        });
        return command;
    }

    private static int Change(ParseResult parsed, Option<DirectoryInfo> data, Func<ClientKeys, ClientKeys> change)
    {
        var folder = CommandLine.Folder(parsed, data);
        KeysCommand.Write(folder, change(ClientKeys.ReadFile(folder.Clients)));
        return CommandLine.Done;
    }

    private static string Read(FileInfo file) =>
        !file.Exists ? throw new ScoringSetupException($"'{file.FullName}' is not there.")
        : file.Length > LargestKeys ? throw new ScoringSetupException($"'{file.FullName}' is larger than {LargestKeys} bytes: it is no set of keys.")
        : File.ReadAllText(file.FullName);
}
