using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;
using Microsoft.OpenApi;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>The description of REST, as another reader of OpenAPI understands it.</summary>
public sealed class OpenApiTests
{
    private readonly OpenApiDocument _document;

    public OpenApiTests()
    {
        var read = OpenApiDocument.Parse(OpenApi.Write().ToJsonString(), "json");
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic!.SpecificationVersion);
        Assert.Empty(read.Diagnostic.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        _document = read.Document!;
    }

    [Fact]
    public void Every_call_is_one_operation_with_its_roles() => Assert.Equal(
        RestCall.All.Select(call => $"{call.Verb} {call.Call.Name} Roles: {Access.Table[call.Row].ToString().ToLowerInvariant()}.").Order(),
        _document.Paths.SelectMany(path => path.Value.Operations!)
            .Select(operation => $"{operation.Key} {operation.Value.OperationId} {operation.Value.Description!.Replace(" A stream: one message a line.", "", StringComparison.Ordinal)}").Order());

    [Fact]
    public void Document_keeps_the_rules_of_openapi() => Assert.Empty(_document.Validate(ValidationRuleSet.GetDefaultRuleSet()));

    [Fact]
    public void Every_reference_leads_to_a_shape_and_every_shape_is_used()
    {
        var text = OpenApi.Write();
        var shapes = text["components"]!["schemas"]!.AsObject().Select(shape => $"#/components/schemas/{shape.Key}").Order();

        Assert.Equal(shapes, References(text).Distinct().Order());
    }

    [Fact]
    public void Fields_of_the_path_are_parameters_and_the_others_are_the_body()
    {
        var operation = _document.Paths["/v1/lines/{line}/versions/{version}/promotion/approvals"].Operations![HttpMethod.Post];

        Assert.Equal(["line", "version"], operation.Parameters!.Select(parameter => parameter.Name));
        Assert.Equal(["to", "reason"], operation.RequestBody!.Content!["application/json"].Schema!.Properties!.Keys);
    }

    [Fact]
    public void Other_fields_of_what_has_no_body_are_in_the_query() => Assert.Equal(
        [("model", ParameterLocation.Path), ("file", ParameterLocation.Path), ("offset", ParameterLocation.Query)],
        _document.Paths["/v1/models/{model}/files/{file}"].Operations![HttpMethod.Get].Parameters!.Select(parameter => (parameter.Name!, parameter.In!.Value)));

    [Fact]
    public void Page_of_the_reference_has_a_row_for_every_call() => Assert.Equal(
        RestCall.All.Select(call => $"| `{call.Call.Name}` | `{call.Verb} {call.Path}`{(call.Call.IsServerStreaming ? ", a stream" : "")} |"),
        File.ReadLines(Path.Combine(Path.GetDirectoryName(Here())!, "../../../../docs/reference/rest.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)));

    private static string Here([CallerFilePath] string file = "") => file;

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject body => body.SelectMany(field => field.Key == "$ref" ? [(string)field.Value!] : References(field.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
