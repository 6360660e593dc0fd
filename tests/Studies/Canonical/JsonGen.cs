using System.Text.Json.Nodes;
using CsCheck;

namespace FederatedClinicalMl.Tests.Studies.Canonical;

internal static class JsonGen
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char[' ', '~'], 0, 8],
        Gen.String[Gen.Char["\0\n\"\\\u007fé\u2028\ufb33"], 0, 4],
        Gen.Const("\ud83d\ude00"));

    private static readonly Gen<JsonNode?> Leaf = Gen.OneOf(
        Gen.Const((JsonNode?)null),
        Gen.Bool.Select(value => (JsonNode?)JsonValue.Create(value)),
        Gen.Int.Select(value => (JsonNode?)JsonValue.Create(value)),
        Gen.ULong.Select(BitConverter.UInt64BitsToDouble).Where(double.IsFinite).Select(value => (JsonNode?)JsonValue.Create(value)),
        Text.Select(value => (JsonNode?)JsonValue.Create(value)));

    /// <summary>Any JSON value, a few levels deep.</summary>
    public static Gen<JsonNode?> Node { get; } = Level(3);

    private static Gen<JsonNode?> Level(int depth)
    {
        if (depth == 0)
            return Leaf;
        var inner = Level(depth - 1);
        return Gen.OneOf(
            Leaf,
            inner.Array[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            Gen.Select(Text, inner).Array[0, 4].Select(members => (JsonNode?)new JsonObject(
                members.DistinctBy(member => member.Item1).Select(member => KeyValuePair.Create(member.Item1, member.Item2?.DeepClone())))));
    }
}
