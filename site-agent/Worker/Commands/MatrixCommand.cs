using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker studies matrix</c>: the rows on which a study would train here, for people at the site.</summary>
internal static class MatrixCommand
{
    public static Command Create()
    {
        var (data, json, digest) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("digest") { Description = "Digest of the study, or a prefix that names one." });
        var outFile = new Option<FileInfo>("--out") { Description = "The Parquet file to write; for this account alone. Never below the folder that is shared with the gateway.", Required = true };
        var steward = new Option<string>("--steward") { Description = "Who asks; stays at the site, in the log.", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("matrix", "Writes the rows on which a study over events would train here to a Parquet file: patients' values, for this site alone.") { digest, data, outFile, steward, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var path = RealPath.Of(parsed.GetRequiredValue(outFile).FullName);
            using var call = channel.Client.WriteMatrix(
                new MatrixRequest { Study = parsed.GetRequiredValue(digest), Path = path, Steward = parsed.GetRequiredValue(steward) }, cancellationToken: cancel);
            var head = await SaveAsync(call.ResponseStream, path, cancel);
            return CommandLine.Print(parsed.GetValue(json), head, writer => Write(writer, head, path));
        });
        return command;
    }

    // Whole, or not at all: under another name until the last byte is there.
    private static async Task<MatrixHead> SaveAsync(IAsyncStreamReader<MatrixPart> parts, string path, CancellationToken cancel)
    {
        await parts.MoveNext(cancel); // where the worker refuses, no file is touched
        var head = parts.Current.Head;
        var temporary = path + DurableFile.TemporarySuffix;
        try
        {
            await using (var file = PrivateFile.Create(temporary))
            {
                while (await parts.MoveNext(cancel))
                    await file.WriteAsync(parts.Current.Content.Memory, cancel);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            return head;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void Write(TextWriter writer, MatrixHead head, string path)
    {
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{head.Training + head.Test} rows ({head.Training} training, {head.Test} test) of {head.Features} features, study {head.Study[..12]}"));
        writer.WriteLine($"fingerprint {head.Fingerprint}");
        writer.WriteLine($"store as of import {head.Import}, fingerprint {head.Snapshot}");
        writer.WriteLine($"{path} holds patients' values: it is for this site alone.");
    }
}
