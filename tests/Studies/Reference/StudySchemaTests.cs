using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Studies.Protocol;
using NJsonSchema;

namespace FederatedClinicalMl.Tests.Studies.Reference;

/// <summary>
/// Holds the published schema against the checker. NJsonSchema knows drafts 4 to 7; the schema uses only keywords whose meaning is the
/// same in 2020-12 (no $ref, prefixItems, const or if), which <see cref="Schema_keywords_areThoseThatEveryDraftReadsAlike"/> ensures.
/// </summary>
public sealed class StudySchemaTests
{
    private static readonly string[] s_keywords =
    [
        "$schema", "$id", "title", "description", "type", "properties", "additionalProperties", "required", "not", "oneOf", "enum", "default",
        "items", "minItems", "maxItems", "uniqueItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "maxLength", "minProperties",
    ];

    [Fact]
    public void Schema_publishedFile_isWhatTheCodeGenerates() => Published.Equal("docs/reference/study-protocol.schema.json", StudySchema.Json());

    [Fact]
    public void Schema_keywords_areThoseThatEveryDraftReadsAlike() => Assert.Empty(Keywords(JsonNode.Parse(StudySchema.Json())!.AsObject()).Except(s_keywords));

    [Fact]
    public void Schema_everyKey_isExplained()
    {
        var unexplained = Properties(JsonNode.Parse(StudySchema.Json())!.AsObject()).Where(property => string.IsNullOrWhiteSpace(property.Schema["description"]?.GetValue<string>()));

        Assert.Empty(unexplained.Select(property => property.Name));
    }

    [Theory]
    [InlineData(StudyTexts.Smallest)]
    [InlineData(StudyTexts.Fullest)]
    [InlineData(StudyTexts.Benchmark)]
    public async Task Schema_validStudy_validates(string yaml) => Assert.Empty(await Validate(yaml));

    [Theory]
    [MemberData(nameof(StudyExampleTests.Examples), MemberType = typeof(StudyExampleTests))]
    public async Task Schema_publishedExample_validates(string file) => Assert.Empty(await Validate(Repository.Read($"docs/how-to/examples/{file}")));

    [Theory]
    [MemberData(nameof(StudyFaultTests.Numbers), MemberType = typeof(StudyFaultTests))]
    public async Task Schema_structuralFault_failsToo(int number)
    {
        var wrong = StudyFaultTests.All[number];

        Assert.True((await Validate(wrong.Yaml)).Count > 0 == wrong.Structural, $"{wrong.Title}: the schema was expected to {(wrong.Structural ? "refuse" : "accept")} it");
    }

    private static async Task<ICollection<NJsonSchema.Validation.ValidationError>> Validate(string yaml)
    {
        var schema = await JsonSchema.FromJsonAsync(StudySchema.Json(), TestContext.Current.CancellationToken);
        return schema.Validate(Plain(YamlDeclarationReader.Read(yaml, new FaultList()))?.ToJsonString() ?? "null");
    }

    /// <summary>What was written, as JSON, without any check.</summary>
    private static JsonNode? Plain(DeclarationNode? node) => node switch
    {
        DeclaredMap map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Plain(entry.Value)))),
        DeclaredList list => new JsonArray([.. list.Items.Select(Plain)]),
        DeclaredText text => JsonValue.Create(text.Value),
        DeclaredNumber { Value: var value } => value == Math.Truncate(value) && Math.Abs(value) < 1e15 ? JsonValue.Create((long)value) : JsonValue.Create(value),
        DeclaredBoolean truth => JsonValue.Create(truth.Value),
        _ => null,
    };

    private static IEnumerable<string> Keywords(JsonObject schema) =>
        schema.Select(member => member.Key).Concat(Inner(schema).SelectMany(Keywords));

    private static IEnumerable<(string Name, JsonObject Schema)> Properties(JsonObject schema) =>
        (schema["properties"]?.AsObject() ?? []).Select(property => (property.Key, property.Value!.AsObject())).Concat(Inner(schema).SelectMany(Properties));

    private static IEnumerable<JsonObject> Inner(JsonObject schema) =>
        [
            .. (schema["properties"]?.AsObject() ?? []).Select(property => property.Value!.AsObject()),
            .. (schema["oneOf"]?.AsArray() ?? []).Select(option => option!.AsObject()),
            .. schema["items"] is JsonObject items ? [items] : Array.Empty<JsonObject>(),
            .. schema["not"] is JsonObject not ? [not] : Array.Empty<JsonObject>(),
        ];
}
