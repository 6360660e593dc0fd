using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a release says of itself; signed by the worker that made it. Canonical JSON in the release's head.</summary>
/// <param name="Site">The site.</param>
/// <param name="Step">The step that it answers.</param>
/// <param name="Study">The approved study.</param>
/// <param name="Parameters">SHA-256 of the parameters it was computed from; null for preparation, profile and monitoring.</param>
/// <param name="Constants">SHA-256 of the frozen preprocessing constants; null likewise.</param>
/// <param name="PayloadLength">Bytes of the payload.</param>
/// <param name="PayloadDigest">SHA-256 of the payload.</param>
/// <param name="Encoding">"fixed8|16|24|32", "float32" or "json"; of a masked round "mask32|64" (an update as words under masks, and the message that answers
/// for it) or "message" (a message of secure aggregation alone); of an encrypted round "bfv" (the same words encrypted, and the message) or "opened" (what the site makes of the sum, and the message).</param>
/// <param name="Dimension">Number of values of an update; 0 for JSON.</param>
/// <param name="Weight">How much an update counts, from 1; 0 for JSON.</param>
/// <param name="Saturated">How many coordinates met the encoding's range.</param>
/// <param name="Software">Version of the software that made it.</param>
/// <param name="Capability">CPU capability and thread count, e.g. "avx2;threads=1": what bit-identity depends on.</param>
/// <param name="MinimumCell">The least count that the site's policy let out, from 1 (which withholds nothing); 0 for an update, which holds no counts, and for per-site metrics that the policy withholds whole.</param>
/// <param name="Data">HMAC-SHA256 of the data that it was computed from, under a key that never leaves the worker; null where no data was read. Equal
/// values of one site mean equal data; nobody else can confirm a guess with it.</param>
/// <param name="Ledger">Under differential privacy: the head of the site's privacy ledger, signed by the worker, once the release was charged. Null otherwise, and then not written.</param>
public sealed record ReleaseManifest(
    SiteId Site,
    StepId Step,
    StudyDigest Study,
    Sha256Digest? Parameters,
    Sha256Digest? Constants,
    long PayloadLength,
    Sha256Digest PayloadDigest,
    string Encoding,
    int Dimension,
    int Weight,
    long Saturated,
    string Software,
    string Capability,
    int MinimumCell,
    Sha256Digest? Data = null,
    SignedHead? Ledger = null)
{
    /// <summary>Most bytes of a payload of JSON. The largest is a profile: about 1.4 kB for each of at most 4,096 features (ProfileReportTests holds it), uploaded in chunks like an update.</summary>
    public const int MaximumJsonLength = 8 << 20;

    /// <summary>The encoding of aggregates that people can read: everything but updates and messages.</summary>
    public const string JsonEncoding = "json";

    /// <summary>The encoding of a message of secure aggregation.</summary>
    public const string MessageEncoding = "message";

    /// <summary>The encoding of a masked update that is encrypted besides, and the message that answers for it.</summary>
    public const string EncryptedEncoding = "bfv";

    /// <summary>The encoding of what a site makes of an encrypted sum, and the message that answers for it.</summary>
    public const string OpenedEncoding = "opened";

    /// <summary>Most bytes of such a message.</summary>
    public const int MaximumMessageLength = 1 << 20;

    /// <summary>The encoding of an update under masks.</summary>
    /// <param name="bits">Bits of a word: 32 or 64.</param>
    public static string MaskEncoding(int bits) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"mask{bits}");

    /// <summary>Whether releases of a step of this kind can have that <see cref="MinimumCell"/>.</summary>
    public static bool IsMinimumCell(StepKind kind, int minimumCell) => kind switch
    {
        _ when kind.Part() == StepKind.Training => minimumCell == 0,
        StepKind.SiteMetrics or StepKind.Comparison => minimumCell >= 0,
        _ => minimumCell > 0,
    };

    /// <summary>The JSON form; in canonical bytes it is what the worker signs.</summary>
    public JsonObject ToJson()
    {
        var json = Fields();
        if (Ledger is not null)
            json["ledger"] = Ledger.ToJson();
        return json;
    }

    private JsonObject Fields() => new()
    {
        ["site"] = Site.Value,
        ["step"] = Step.ToString(),
        ["study"] = Study.ToString(),
        ["parameters"] = Parameters?.ToString(),
        ["constants"] = Constants?.ToString(),
        ["payloadLength"] = PayloadLength,
        ["payloadDigest"] = PayloadDigest.ToString(),
        ["encoding"] = Encoding,
        ["dimension"] = Dimension,
        ["weight"] = Weight,
        ["saturated"] = Saturated,
        ["software"] = Software,
        ["capability"] = Capability,
        ["minimumCell"] = MinimumCell,
        ["data"] = Data?.ToString(),
    };

    /// <summary>Reads a manifest that arrived: every field on its own, then that they fit together.</summary>
    /// <exception cref="FormatException">The JSON is no manifest; the message says which field.</exception>
    public static ReleaseManifest Read(JsonNode? node)
    {
        var fields = new JsonFields(node, "manifest");
        var manifest = new ReleaseManifest(
            SiteId.TryParse(fields.Text("site", 63), out var site) ? site : throw Wrong("site", $"a site name: {Name.Rule}"),
            StepId.TryParse(fields.Text("step", 64), out var step) ? step : throw Wrong("step", "a step id: run.round.kind.attempt"),
            new StudyDigest(Digest("study")),
            fields.IsNull("parameters") ? null : Digest("parameters"),
            fields.IsNull("constants") ? null : Digest("constants"),
            fields.Integer("payloadLength", 1, 4L * int.MaxValue),
            Digest("payloadDigest"),
            fields.Text("encoding", 7),
            (int)fields.Integer("dimension", 0, int.MaxValue),
            (int)fields.Integer("weight", 0, int.MaxValue),
            fields.Integer("saturated", 0, int.MaxValue),
            Printable("software"),
            Printable("capability"),
            (int)fields.Integer("minimumCell", 0, int.MaxValue),
            fields.IsNull("data") ? null : Digest("data"),
            node is JsonObject whole && whole.ContainsKey("ledger") ? SignedHead.Read(site, fields.Object("ledger")) : null);
        fields.End();
        manifest.CheckWhole();
        return manifest;

        Sha256Digest Digest(string name) =>
            fields.Text(name, 64) is var text && Sha256Digest.TryParse(text, out var digest) && digest.ToString() == text
                ? digest
                : throw Wrong(name, "64 lower-case hexadecimal digits");

        // These two go into logs and pages as they are.
        string Printable(string name) =>
            fields.Text(name, 64) is { Length: > 0 } text && text.All(c => c is >= ' ' and <= '~') ? text : throw Wrong(name, "1 to 64 printable ASCII characters");

        FormatException Wrong(string name, string must) => new($"{fields.PathOf(name)} must be {must}.");
    }

    private void CheckWhole()
    {
        var isUpdate = Step.Kind == StepKind.Training;
        var precedes = Step.Kind.IsWithoutParameters();
        if (precedes != (Step.Round == RoundNumber.Preparation))
            throw new FormatException("manifest.step: round 0 is for preparation, profile and monitoring, and only for them.");
        if (precedes != Parameters is null || precedes != Constants is null)
            throw new FormatException("manifest.parameters and manifest.constants must be null for preparation, profile and monitoring, and only for them.");
        if (!IsMinimumCell(Step.Kind, MinimumCell))
            throw new FormatException("manifest.minimumCell must be from 1, and 0 for an update or where the policy withholds per-site metrics.");
        if (Step.Kind.IsMessage())
        {
            if (Encoding != MessageEncoding || Dimension != 0 || Weight != 0 || Saturated != 0 || PayloadLength > MaximumMessageLength)
                throw new FormatException($"manifest: a release of {Step.Kind} is a message of at most {MaximumMessageLength} bytes, without dimension, weight or saturation.");
            return;
        }

        if (Step.Kind == StepKind.Decryption)
        {
            if (Encoding != OpenedEncoding || Dimension != 0 || Weight != 0 || Saturated != 0)
                throw new FormatException($"manifest: a release of {Step.Kind} is {OpenedEncoding}, without dimension, weight or saturation.");
            return;
        }

        if (!isUpdate)
        {
            if (Encoding != JsonEncoding || Dimension != 0 || Weight != 0 || Saturated != 0 || PayloadLength > MaximumJsonLength)
                throw new FormatException($"manifest: a release of {Step.Kind} is JSON of at most {MaximumJsonLength} bytes, without dimension, weight or saturation.");
            return;
        }

        var width = Encoding switch { "fixed8" => 1, "fixed16" => 2, "fixed24" => 3, "fixed32" or "float32" or "mask32" => 4, "mask64" => 8, _ => 0 };
        if (width == 0 && Encoding != EncryptedEncoding)
            throw new FormatException("manifest.encoding must be fixed8, fixed16, fixed24, fixed32, float32, mask32, mask64 or bfv for an update.");
        if (Dimension < 1 || Weight < 1 || Saturated > Dimension)
            throw new FormatException("manifest: an update has a dimension and a weight from 1, and no more saturated coordinates than its dimension.");
        if (Encoding == EncryptedEncoding)
        {
            if (Saturated != 0)
                throw new FormatException("manifest: how many coordinates of an encrypted update were saturated is not told.");
            return; // its length follows from the study and its members, whom the coordinator knows
        }

        var rest = PayloadLength - ((long)Dimension * width);
        if (Encoding.StartsWith("mask", StringComparison.Ordinal))
        {
            if (rest is < 1 or > MaximumMessageLength || Saturated != 0)
                throw new FormatException($"manifest: after the words of a masked update comes a message; how many coordinates were saturated is not told.");
            return;
        }

        if (rest != 0)
            throw new FormatException($"manifest.payloadLength must be dimension times {width} for {Encoding}.");
    }
}
