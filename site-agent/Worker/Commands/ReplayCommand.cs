using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker replay</c>: this site's part of a run, computed again where its rows are, and a signed statement of what came of it.</summary>
internal static class ReplayCommand
{
    private const int PartLength = 1 << 20;

    public static Command Create()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var run = new Argument<string>("run") { Description = "The run: 16 hexadecimal digits." };
        var model = new Option<DirectoryInfo>("--model") { Description = "The run's model, as 'fcml models export --rounds' wrote it.", Required = true };
        var outFile = new Option<FileInfo?>("--out") { Description = "The statement to write: of each release equal, unequal or unchecked, signed by this worker. Hand it on to whoever replays the run, if you want to." };
        var steward = new Option<string>("--steward") { Description = "Who asks; stays at the site, in the log.", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("replay", "Computes what this site released in a run again, from its rows and its root of randomness, and states whether it came out the same.") { run, model, data, outFile, steward, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var report = new ReplayReport();
            var statement = await AskAsync(channel.Client, new ReplayRequest { Run = parsed.GetRequiredValue(run), Steward = parsed.GetRequiredValue(steward) }, new ExportedFiles(parsed.GetRequiredValue(model)), report, cancel);
            if (parsed.GetValue(outFile) is { } file)
            {
                await File.WriteAllBytesAsync(file.FullName, statement, cancel);
                report.Statement = file.FullName;
            }

            CommandLine.Print(parsed.GetValue(json), report, writer => Write(writer, report));
            return report.Releases.Any(release => release.Outcome == "unequal") ? CommandLine.Refused : CommandLine.Done;
        });
        return command;
    }

    private static async Task<byte[]> AskAsync(Steward.StewardClient client, ReplayRequest request, ExportedFiles files, ReplayReport report, CancellationToken cancel)
    {
        using var call = client.Replay(cancellationToken: cancel);
        await call.RequestStream.WriteAsync(new ReplayPart { Begin = request }, cancel);
        await foreach (var news in call.ResponseStream.ReadAllAsync(cancel))
        {
            switch (news.NewsCase)
            {
                case ReplayNews.NewsOneofCase.Wanted:
                    await GiveAsync(call.RequestStream, files.Find(news.Wanted), cancel);
                    break;
                case ReplayNews.NewsOneofCase.Release:
                    report.Releases.Add(news.Release);
                    break;
                default:
                    await call.RequestStream.CompleteAsync();
                    return news.Statement.ToByteArray();
            }
        }

        throw new IOException("The worker ended the replay without a statement.");
    }

    private static async Task GiveAsync(IClientStreamWriter<ReplayPart> parts, string? path, CancellationToken cancel)
    {
        if (path is not null)
        {
            await using var file = File.OpenRead(path);
            var buffer = new byte[PartLength];
            for (int read; (read = await file.ReadAsync(buffer, cancel)) > 0;)
                await parts.WriteAsync(new ReplayPart { Content = ByteString.CopyFrom(buffer, 0, read) }, cancel);
        }

        await parts.WriteAsync(new ReplayPart { End = path is not null }, cancel);
    }

    private static void Write(TextWriter writer, ReplayReport report)
    {
        foreach (var release in report.Releases)
            writer.WriteLine($"{release.Outcome,-9} {release.Step}{(release.Why.Length == 0 ? "" : $": {PageText.Clean(release.Why)}")}");
        var counts = report.Releases.CountBy(release => release.Outcome).ToDictionary();
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Releases.Count} releases: {counts.GetValueOrDefault("equal")} equal, {counts.GetValueOrDefault("unequal")} unequal, {counts.GetValueOrDefault("unchecked")} unchecked."));
        if (report.Statement.Length > 0)
            writer.WriteLine($"{report.Statement} says no more than that, signed by this worker; the reasons above stay here.");
    }

    /// <summary>The files of an exported model by their digests: results are named by them, the entry's own files are few.</summary>
    private sealed class ExportedFiles
    {
        private readonly string _results;
        private readonly Lazy<Dictionary<string, string>> _entry;

        public ExportedFiles(DirectoryInfo folder)
        {
            if (!folder.Exists)
                throw new WorkerSetupException($"The folder '{folder.FullName}' is not there; name one that 'fcml models export --rounds' wrote.");
            _results = Path.Join(folder.FullName, "results");
            _entry = new(() => folder.EnumerateFiles().DistinctBy(DigestOf).ToDictionary(DigestOf, file => file.FullName));
        }

        public string? Find(string digest) => Path.Join(_results, digest) is var path && File.Exists(path) ? path : _entry.Value.GetValueOrDefault(digest);

        private static string DigestOf(FileInfo file) => Sha256Digest.Of(File.ReadAllBytes(file.FullName)).ToString();
    }
}
