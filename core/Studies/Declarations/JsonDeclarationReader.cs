using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>JSON that has been read strictly, as a declaration without places.</summary>
internal static class JsonDeclarationReader
{
    public static DeclarationNode Convert(JsonNode? node) => node switch
    {
        null => new DeclaredNothing(default),
        JsonObject map => new DeclaredMap(default, [.. map.Select(member => new DeclaredEntry(member.Key, default, Convert(member.Value)))]),
        JsonArray list => new DeclaredList(default, [.. list.Select(Convert)]),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => new DeclaredText(default, node.GetValue<string>()),
            JsonValueKind.Number => new DeclaredNumber(default, CanonicalNumber.Of(node.AsValue()) + 0.0), // + 0.0: minus zero is zero
            var kind => new DeclaredBoolean(default, kind == JsonValueKind.True),
        },
    };
}
