using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

/// <summary>Valid protocols, in every combination of kinds and with defaults left out at random. JSON is YAML, so each is also a YAML text.</summary>
internal static class StudyGen
{
    private static readonly Gen<string> Word = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789-"], 0, 12].Select(tail => "n" + tail);

    private static readonly Gen<string> Line = Gen.String[Gen.Char["aZ0 .:#-{}[],&*!|>'\"%@`?~\\/é€\ufb33"], 0, 30].Select(tail => "x" + tail);

    private static readonly Gen<JsonNode?> Bound = Gen.OneOf(
        Gen.Int[-1000, 1000].Select(value => (JsonNode?)value),
        Gen.Double[-1e9, 1e9].Select(value => (JsonNode?)value));

    private static readonly Gen<JsonNode> Number = Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[1e-3, 1e6], Gen.Double[0.01, 0.99], Gen.Int[0, 2], Gen.Bool).Select((least, width, at, rule, given) =>
    {
        var inside = least + (width * at);
        var feature = new JsonObject { ["range"] = new JsonArray(least, least + width) };
        if (rule > 0)
            feature["missing"] = rule == 1 ? "mean" : new JsonObject { ["value"] = inside };
        if (given)
            feature["constants"] = new JsonObject { ["mean"] = inside, ["sd"] = width };
        else
            feature["scale"] = "none";
        return (JsonNode)feature;
    });

    private static readonly Gen<JsonNode> Category = Gen.Select(Bound.Array[2, 6], Gen.Int[0, 2]).Select((levels, rule) =>
    {
        var different = levels.DistinctBy(level => CanonicalNumber.Of(level!.AsValue())).ToList();
        while (different.Count < 2)
            different.Add(1e10);
        var feature = new JsonObject { ["type"] = "category", ["levels"] = new JsonArray([.. different.Select(level => level!.DeepClone())]) };
        if (rule > 0)
            feature["missing"] = rule == 1 ? "no-level" : new JsonObject { ["value"] = different[^1]!.DeepClone() };
        return (JsonNode)feature;
    });

    private static readonly Gen<JsonNode> Data = Gen.Select(Word, Gen.OneOf(Number, Category).Array[1, 5], Gen.Bool, Gen.Int[0, 2], Bound).Select((dataset, features, patient, split, above) =>
    {
        var data = new JsonObject
        {
            ["dataset"] = dataset,
            ["features"] = new JsonArray([.. features.Select((feature, i) => { var named = feature.DeepClone().AsObject(); named["name"] = $"feature {i}"; return named; })]),
            ["label"] = new JsonObject { ["name"] = "outcome", ["above"] = above?.DeepClone() },
        };
        if (patient)
            data["patient"] = "person";
        if (split > 0)
            data["split"] = split == 1 ? new JsonObject { ["column"] = "part" } : new JsonObject { ["test"] = 0.25 };
        return (JsonNode)data;
    });

    private static readonly Gen<JsonNode> Model = Gen.OneOf(
        Gen.Const(0).Select(_ => (JsonNode)new JsonObject { ["kind"] = "logistic-regression" }),
        Gen.Select(Gen.Int[1, 200].Array[1, 4], Gen.Double[0, 0.999]).Select((hidden, dropout) => (JsonNode)new JsonObject
        {
            ["kind"] = "mlp",
            ["hidden"] = new JsonArray([.. hidden.Select(size => JsonValue.Create(size))]),
            ["dropout"] = dropout,
        }));

    private static readonly Gen<JsonNode> Federation = Gen.Select(Gen.Int[1, 1000], Word.HashSet[1, 6], Gen.Int[0, 5], Gen.Int[1, 9999], Gen.Char["smh"], Gen.Int[0, 4]).Select((rounds, sites, required, time, unit, encoding) =>
    {
        var federation = new JsonObject
        {
            ["rounds"] = rounds,
            ["quorum"] = sites.Count,
            ["sites"] = new JsonArray([.. sites.Select(site => JsonValue.Create(site))]),
            ["required"] = new JsonArray([.. sites.Take(required).Select(site => JsonValue.Create(site))]),
            ["deadline"] = $"{(unit == 'h' ? Math.Min(time, 168) : time)}{unit}",
        };
        if (encoding > 0)
            federation["encoding"] = encoding == 4 ? "float32" : new JsonObject { ["fixed"] = new JsonObject { ["bits"] = 8 * encoding } };
        if (sites.Count < 3 || encoding == 4 || rounds % 2 == 0)
            federation["aggregation"] = "plain";
        if (rounds % 3 == 0)
            federation["keys"] = new JsonObject(sites.Select(site => KeyValuePair.Create(site, (JsonNode?)JsonValue.Create(Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(site)).ToString()))));
        return (JsonNode)federation;
    });

    /// <summary>A valid protocol, in JSON.</summary>
    public static Gen<string> Json { get; } = Gen.Select(Word, Line, Data, Model, Federation, Gen.Int[0, 2], Gen.Bool).Select((name, line, data, model, federation, training, perSite) =>
    {
        var study = new JsonObject
        {
            ["protocol"] = StudyShape.Protocol,
            ["name"] = name,
            ["title"] = line,
            ["purpose"] = line + "\n" + line,
            ["ethics"] = line,
            ["data"] = data.DeepClone(),
            ["model"] = model.DeepClone(),
            ["federation"] = federation.DeepClone(),
        };
        if (training > 0)
            study["training"] = training == 1 ? new JsonObject { ["local-steps"] = 5 } : new JsonObject { ["optimizer"] = "adam", ["seed"] = 9007199254740991 };
        if (perSite)
            study["evaluation"] = new JsonObject { ["per-site"] = true };
        return study.ToJsonString();
    });
}
