using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Up to where the decisions about a dataset are known, and what they are up to there.</summary>
/// <param name="Version">Number of batches; 0: none.</param>
/// <param name="Digest">Keyed digest of their lines.</param>
public sealed record DecisionMark(int Version, Sha256Digest Digest)
{
    /// <summary>Before the first.</summary>
    public static DecisionMark None { get; } = new(0, default);
}

/// <summary>One batch of decisions as it lies in the file.</summary>
/// <param name="Mark">The file up to and with it.</param>
/// <param name="Steward">Who decided.</param>
/// <param name="Imports">Fingerprints of the imports about whose records something was decided: the same numbers in a store made anew are other records.</param>
/// <param name="Decisions">What was decided.</param>
public sealed record DecisionBatch(DecisionMark Mark, string Steward, ImmutableDictionary<int, Sha256Digest> Imports, ImmutableArray<EventDecision> Decisions);

/// <summary>
/// What stewards have decided about a dataset's events: an append-only file of canonical JSON, one line for each batch, so that a batch is there
/// whole or not at all. It holds corrected numbers, and stays at the site.
/// </summary>
/// <param name="disk">Its folder.</param>
/// <param name="path">Its name there.</param>
/// <param name="beginFingerprint">Begins a keyed hash: a plain one would confirm guesses.</param>
public sealed class DecisionLog(IDisk disk, string path, Func<IncrementalHash> beginFingerprint)
{
    private const int MostOfABatch = 100_000;
    private const int MaximumName = 256;

    /// <summary>Every batch that lies in the file, in order.</summary>
    /// <exception cref="DatasetException">A line cannot be read.</exception>
    public IReadOnlyList<DecisionBatch> Read() => disk.Exists(path) ? Parse(LineLog.Read(disk, path, out _)) : [];

    /// <summary>Appends a batch and returns once it is durable.</summary>
    /// <exception cref="DatasetException">A line that is there cannot be read.</exception>
    public DecisionBatch Append(string steward, DateTimeOffset at, EventSnapshot snapshot, IReadOnlyCollection<EventDecision> decisions)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (steward.Length is 0 or > MaximumName)
            throw new DatasetException($"A steward's name has 1 to {MaximumName} characters. Nothing was decided.");
        using var log = LineLog.Open(disk, path, out var lines);
        var line = CanonicalJson.Write(new JsonObject
        {
            ["version"] = lines.Count + 1,
            ["at"] = at.ToString("O", CultureInfo.InvariantCulture),
            ["steward"] = steward,
            ["imports"] = new JsonArray([.. decisions.Select(decision => decision.Event.Origin.Import).Distinct().Order().Select(import =>
                new JsonObject { ["number"] = import, ["fingerprint"] = snapshot.Imports[import - 1].Fingerprint.ToString() })]),
            ["decisions"] = new JsonArray([.. decisions.Select(ToJson)]),
        });
        var batch = Parse([.. lines, line])[^1]; // before it is written: a line that could not be read again would hold up the dataset for good
        log.Append(line);
        return batch;
    }

    /// <summary>The decisions that hold for a store: those up to a mark, about records that are still these.</summary>
    /// <param name="mark">Up to where; what lies behind it was not logged, and does not hold.</param>
    /// <param name="imports">The store's imports.</param>
    /// <exception cref="DatasetException">The file is not what the mark was made of.</exception>
    public EventDecisions Of(DecisionMark mark, ImmutableArray<StoreImport> imports)
    {
        ArgumentNullException.ThrowIfNull(mark);
        if (mark.Version == 0)
            return EventDecisions.None;
        var batches = Read();
        if (batches.Count < mark.Version || batches[mark.Version - 1].Mark.Digest != mark.Digest)
            throw new DatasetException($"The decisions about this dataset's values ('{path}') are not those that the worker's log has as version {mark.Version}. Restore the file from a backup: until then nothing is computed from the dataset.");
        return new EventDecisions(mark.Version, batches.Take(mark.Version).SelectMany(batch => batch.Decisions.Where(decision => decision.Event.Origin.Import is var number
            && number <= imports.Length && batch.Imports.GetValueOrDefault(number) == imports[number - 1].Fingerprint)));
    }

    private List<DecisionBatch> Parse(IReadOnlyList<ReadOnlyMemory<byte>> lines)
    {
        using var hash = beginFingerprint();
        var batches = new List<DecisionBatch>();
        foreach (var line in lines)
        {
            hash.AppendData(line.Span);
            hash.AppendData("\n"u8);
            try
            {
                batches.Add(Parse(line.Span, new DecisionMark(batches.Count + 1, new Sha256Digest(hash.GetCurrentHash()))));
            }
            catch (FormatException fault)
            {
                throw new DatasetException($"Line {batches.Count + 1} of the decisions about this dataset's values ('{path}') cannot be read ({fault.Message}). Restore the file from a backup.");
            }
        }

        return batches;
    }

    private static DecisionBatch Parse(ReadOnlySpan<byte> line, DecisionMark mark)
    {
        var fields = new JsonFields(CanonicalJson.Read(line), "batch");
        fields.Integer("version", mark.Version, mark.Version);
        fields.Text("at", 40);
        var batch = new DecisionBatch(
            mark,
            fields.Text("steward", MaximumName),
            fields.List("imports", MostOfABatch, (node, at) => ReadImport(new JsonFields(node, at))).ToImmutableDictionary(),
            [.. fields.List("decisions", MostOfABatch, (node, at) => ReadDecision(new JsonFields(node, at)))]);
        fields.End();
        return batch;
    }

    private static KeyValuePair<int, Sha256Digest> ReadImport(JsonFields fields)
    {
        var import = KeyValuePair.Create((int)fields.Integer("number", 1, int.MaxValue), Sha256Digest.Parse(fields.Text("fingerprint", 64)));
        fields.End();
        return import;
    }

    private static JsonObject ToJson(EventDecision decision)
    {
        var (origin, kind, concept) = decision.Event;
        var json = new JsonObject
        {
            ["import"] = origin.Import, ["file"] = origin.File, ["line"] = origin.Line, ["kind"] = (int)kind, ["concept"] = concept,
            ["rule"] = decision.Rule, ["action"] = (int)decision.Action,
        };
        json["number"] = double.IsNaN(decision.Number) ? null : decision.Number;
        return json;
    }

    private static EventDecision ReadDecision(JsonFields fields)
    {
        var decision = new EventDecision(
            new EventKey(
                new EventOrigin((int)fields.Integer("import", 1, int.MaxValue), (int)fields.Integer("file", 0, int.MaxValue), fields.Integer("line", 0, 1L << 53)),
                (EventKind)fields.Integer("kind", 1, (int)EventKind.Procedure), (int)fields.Integer("concept", -1, int.MaxValue)),
            fields.Text("rule", ReviewQueue.MaximumRule), (DecisionAction)fields.Integer("action", 1, 3), fields.IsNull("number") ? double.NaN : fields.Number("number"));
        fields.End();
        return decision;
    }
}
