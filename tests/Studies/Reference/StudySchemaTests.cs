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

    public static TheoryData<string> Schemas => [StudySchema.Json(), FeatureSchema.Json()];

    [Fact]
    public void Schema_publishedFile_isWhatTheCodeGenerates()
    {
        Published.Equal("docs/reference/study-protocol.schema.json", StudySchema.Json());
        Published.Equal("docs/reference/feature-definition.schema.json", FeatureSchema.Json());
    }

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Schema_keywords_areThoseThatEveryDraftReadsAlike(string schema) => Assert.Empty(Keywords(JsonNode.Parse(schema)!.AsObject()).Except(s_keywords));

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Schema_everyKey_isExplained(string schema)
    {
        var unexplained = Properties(JsonNode.Parse(schema)!.AsObject()).Where(property => string.IsNullOrWhiteSpace(property.Schema["description"]?.GetValue<string>()));

        Assert.Empty(unexplained.Select(property => property.Name));
    }

    [Theory]
    [InlineData(StudyTexts.Smallest)]
    [InlineData(StudyTexts.Fullest)]
    [InlineData(StudyTexts.Private)]
    [InlineData(StudyTexts.Benchmark)]
    public async Task Schema_validStudy_validates(string yaml) => Assert.Empty(await Validate(yaml));

    [Theory]
    [MemberData(nameof(StudyExampleTests.Examples), MemberType = typeof(StudyExampleTests))]
    public async Task Schema_publishedExample_validates(string file) => Assert.Empty(await Validate(Repository.Read($"docs/how-to/examples/{file}")));

    [Fact]
    public async Task Schema_everyBuiltInDefinition_validates()
    {
        var schema = await JsonSchema.FromJsonAsync(FeatureSchema.Json(), TestContext.Current.CancellationToken);

        foreach (var file in Directory.GetFiles(Repository.PathTo("core/Studies/Library"), "*.yaml"))
            Assert.Empty(schema.Validate(Json(File.ReadAllText(file))));
    }

    [Theory]
    [InlineData("kind: sex", "kind: gender")]
    [InlineData("owner: FederatedClinicalMl\n", "")]
    [InlineData("version: 1", "version: one")]
    [InlineData("missing: mean", "otherwise: mean")]
    public async Task Schema_faultyDefinition_failsToo(string text, string faulty)
    {
        var schema = await JsonSchema.FromJsonAsync(FeatureSchema.Json(), TestContext.Current.CancellationToken);
        var yaml = Repository.Read("core/Studies/Library/sex.1.yaml").ReplaceLineEndings("\n");

        Assert.Empty(schema.Validate(Json(yaml)));
        Assert.NotEmpty(schema.Validate(Json(yaml.Replace(text, faulty, StringComparison.Ordinal))));
        Assert.NotEmpty(FeatureLibrary.Read("sex.yaml", yaml.Replace(text, faulty, StringComparison.Ordinal)).Faults);
    }

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
        return schema.Validate(Json(yaml));
    }

    private static string Json(string yaml) => Plain(YamlDeclarationReader.Read(yaml, new FaultList()))?.ToJsonString() ?? "null";

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
