using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A replay over the steward's socket: the worker asks for one file after another, and says of each release what came of it. Memory holds a part of a file.</summary>
internal static class ReplayStream
{
    /// <summary>Runs it to the statement.</summary>
    /// <exception cref="StewardException">It cannot be begun, or what is given is not what was asked for.</exception>
    public static async Task RunAsync(ReplayDesk desk, IAsyncStreamReader<ReplayPart> parts, IServerStreamWriter<ReplayNews> news, CancellationToken cancel)
    {
        var begin = await NextAsync(parts, ReplayPart.PartOneofCase.Begin, cancel);
        using var replay = desk.Begin(begin.Begin.Run);
        foreach (var release in replay.Releases)
        {
            WantedFile? lacking = null;
            foreach (var wanted in replay.Wanted(release))
            {
                await news.WriteAsync(new ReplayNews { Wanted = wanted.Digest.ToString() }, cancel);
                if (!await TakeAsync(replay, wanted, parts, cancel))
                    lacking = wanted;
            }

            var (outcome, why) = await Task.Run(() => replay.Check(release, lacking, cancel), cancel);
            await news.WriteAsync(new ReplayNews { Release = new ReplayedStep { Step = release.Step.ToString(), Outcome = WordOf(outcome), Why = why } }, cancel);
        }

        await news.WriteAsync(new ReplayNews { Statement = ByteString.CopyFrom(replay.State(begin.Begin.Steward)) }, cancel);
    }

    private static async Task<bool> TakeAsync(SiteReplay replay, WantedFile wanted, IAsyncStreamReader<ReplayPart> parts, CancellationToken cancel)
    {
        using var given = replay.Take(wanted);
        while (true)
        {
            var part = await NextAsync(parts, null, cancel);
            if (part.PartCase == ReplayPart.PartOneofCase.Content)
            {
                given.Append(part.Content.Span);
                continue;
            }

            if (part.End)
                given.End();
            return part.End;
        }
    }

    private static async Task<ReplayPart> NextAsync(IAsyncStreamReader<ReplayPart> parts, ReplayPart.PartOneofCase? kind, CancellationToken cancel) =>
        await parts.MoveNext(cancel) && (kind is null ? parts.Current.PartCase is ReplayPart.PartOneofCase.Content or ReplayPart.PartOneofCase.End : parts.Current.PartCase == kind) ? parts.Current
            : throw new StewardException("The replay was broken off by whoever asked for it.");

    private static string WordOf(ReplayOutcome outcome) => outcome.ToString().ToLowerInvariant();
}
