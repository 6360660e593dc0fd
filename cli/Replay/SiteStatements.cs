using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>What a site's worker states of the site's releases that a run's record names.</summary>
/// <param name="Site">The site.</param>
/// <param name="Key">The key that signed the statement; null without one.</param>
/// <param name="Named">Whether the study names that key, or the record one that it was renewed to.</param>
/// <param name="Releases">How many of its releases the record names.</param>
/// <param name="Equal">How many of them the worker made again.</param>
/// <param name="Unequal">How many came out otherwise.</param>
/// <param name="Unchecked">How many it could not make again.</param>
/// <param name="Difference">The first that does not hold, as a sentence that names site and step; null where none is.</param>
internal sealed record SiteComparison(SiteId Site, VerifyingKey? Key, bool Named, int Releases, int Equal, int Unequal, int Unchecked, string? Difference)
{
    /// <summary>How many the site has stated nothing of.</summary>
    public int Missing => Releases - Equal - Unequal - Unchecked;
}

/// <summary>The statements of the sites' workers about one run, held against its record.</summary>
internal sealed class SiteStatements
{
    private readonly RecordedRun _record;
    private readonly ImmutableSortedDictionary<SiteId, ReplayStatement> _statements;

    private SiteStatements(RecordedRun record, ImmutableSortedDictionary<SiteId, ReplayStatement> statements) => (_record, _statements) = (record, statements);

    /// <summary>Reads every <c>*.json</c> of a folder.</summary>
    /// <exception cref="CliException">The folder is missing; or a file is no statement, is of another run or study, of a site that another one is of, or signed by another key than the site's.</exception>
    public static SiteStatements Read(DirectoryInfo folder, RecordedRun record)
    {
        if (!folder.Exists)
            throw new CliException(ExitCode.Usage, $"The folder '{folder.FullName}' is not there; name one that holds the statements of the sites' workers.");
        var statements = ImmutableSortedDictionary.CreateBuilder<SiteId, ReplayStatement>();
        foreach (var file in folder.EnumerateFiles("*.json").OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            var statement = Read(file, record);
            if (!statements.TryAdd(statement.Site, statement))
                throw Refused(file, $"is a second statement of {statement.Site}. Leave one of the two in the folder");
        }

        return new SiteStatements(record, statements.ToImmutable());
    }

    /// <summary>A line for each site that took part in the run or has stated something of it. Messages of secure aggregation are not computed from rows: no worker states anything of them.</summary>
    public ImmutableArray<SiteComparison> Compare()
    {
        var recorded = _record.Steps.Where(step => step.Id.Kind.ReadsData()).SelectMany(step => step.Participants, (step, part) => (part.Site, Step: step.Id, part.Release)).ToLookup(item => item.Site, item => (item.Step, item.Release));
        return [.. _record.Sites.Union(_statements.Keys).Select(site => Compare(site, [.. recorded[site]], _statements.GetValueOrDefault(site)))];
    }

    private SiteComparison Compare(SiteId site, ImmutableArray<(StepId Step, Sha256Digest Release)> recorded, ReplayStatement? statement)
    {
        var stated = (statement?.Releases ?? []).ToDictionary(release => release.Step);
        var (counts, others) = (new int[3], new List<string>());
        foreach (var (step, release) in recorded)
        {
            if (!stated.TryGetValue(step, out var replayed))
                continue;
            if (replayed.Release == release)
                counts[(int)replayed.Outcome]++;
            else
                others.Add($"{site} states that its release for {step} was {replayed.Release}; the record names {release}.");
        }

        // Also of attempts that came to nothing: a worker that cannot make again what it had released computes otherwise than it did.
        others.AddRange(stated.Values.Where(release => release.Outcome == ReplayOutcome.Unequal)
            .Select(release => $"{site} states that its release for {release.Step} came out otherwise when its worker made it again: other data, another version, or a release that was not made as the study says."));
        return new SiteComparison(
            site, statement?.Key, _record.Study.Federation.Keys.ContainsKey(site), recorded.Length,
            counts[(int)ReplayOutcome.Equal], counts[(int)ReplayOutcome.Unequal], counts[(int)ReplayOutcome.Unchecked], others.FirstOrDefault());
    }

    private static ReplayStatement Read(FileInfo file, RecordedRun record)
    {
        if (file.Length > ReplayStatement.MaximumLength)
            throw Refused(file, $"has {file.Length} bytes; a statement has at most {ReplayStatement.MaximumLength}");
        ReplayStatement statement;
        try
        {
            statement = ReplayStatement.Read(File.ReadAllBytes(file.FullName));
        }
        catch (FormatException fault)
        {
            throw new CliException(ExitCode.NotVerified, $"'{file.FullName}' is no statement of a worker: {fault.Message} Ask the site's steward for the file again, or take it out of the folder.", fault);
        }

        if (statement.Run != record.Entry.Run || statement.Study != record.Study.Digest)
            throw Refused(file, $"is of run {statement.Run} and study {statement.Study}; this is run {record.Entry.Run} of study {record.Study.Digest}. Ask {statement.Site}'s steward for this run's, or take it out of the folder");
        if (record.Study.Federation.Keys.TryGetValue(statement.Site, out var named) && named != statement.Key.Fingerprint && !record.RenewedFrom(statement.Site, named).Contains(statement.Key.Fingerprint))
        {
            throw Refused(file,
                $"is signed by the key {statement.Key.Fingerprint}; the study names {named} for {statement.Site}, and no renewal that the record knows leads from that one to this. A worker whose key was renewed after the run cannot state anything of it that holds here");
        }

        return statement;
    }

    private static CliException Refused(FileInfo file, string why) => new(ExitCode.NotVerified, $"'{file.FullName}' {why}.");
}
