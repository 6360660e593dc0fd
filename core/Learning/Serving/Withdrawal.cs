using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A version that a site's scoring has taken out of use by itself: <c>withdrawn/&lt;digest&gt;.json</c>.</summary>
/// <param name="Line">The line of models.</param>
/// <param name="Model">SHA-256 of the model's canonical manifest.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When.</param>
public sealed record Withdrawal(string Line, Sha256Digest Model, WithdrawalReason Reason, DateTimeOffset At)
{
    /// <summary>Most bytes of the file.</summary>
    public const int MaximumLength = 1024;

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject
    {
        ["format"] = 1, ["line"] = Line, ["model"] = Model.ToString(), ["reason"] = Reason.Word(), ["at"] = CanonicalTime.Write(At),
    });

    /// <summary>Reads a withdrawal, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else; the message says what.</exception>
    public static Withdrawal Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaximumLength)
            throw new FormatException($"A withdrawal has at most {MaximumLength} bytes.");
        var fields = new JsonFields(CanonicalJson.Read(json), "withdrawal");
        fields.Integer("format", 1, 1);
        var line = fields.Text("line", 63);
        if (!Name.IsName(line))
            fields.Fail("line", $"be a model's name: {Name.Rule}");
        var model = ServedDigest.Read(fields, "model");
        if (!WithdrawalReasons.TryParse(fields.Text("reason", WithdrawalReasons.LongestWord), out var reason))
            fields.Fail("reason", $"be one of {string.Join(", ", Enum.GetValues<WithdrawalReason>().Select(known => known.Word()))}");
        if (!CanonicalTime.TryRead(fields.Text("at", CanonicalTime.Length), out var at))
            fields.Fail("at", "be a time in UTC with milliseconds");
        fields.End();
        return new Withdrawal(line, model, reason, at);
    }
}
