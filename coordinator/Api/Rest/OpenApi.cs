using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// What REST offers, as a document of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), written from the contracts alone: paths from their annotations, shapes from their
/// messages by protobuf's JSON mapping (https://protobuf.dev/programming-guides/json/).
/// </summary>
public static partial class OpenApi
{
    private static readonly Lazy<string> Text = new(() => Write().ToJsonString());

    /// <summary>Answers with the document.</summary>
    public static Task GetAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(Text.Value, context.RequestAborted);
    }

    /// <summary>Writes the document.</summary>
    public static JsonObject Write()
    {
        var messages = new SortedDictionary<string, MessageDescriptor>(StringComparer.Ordinal);
        var paths = new JsonObject();
        foreach (var call in RestCall.All)
        {
            CollectPartsOf(call.Call.InputType, messages);
            Collect(call.Call.OutputType, messages);
            var path = PathOf(call);
            if (paths[path] is not JsonObject item)
                paths[path] = item = [];
            item[call.Verb.ToLowerInvariant()] = Operation(call);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "FederatedClinicalMl coordinator", ["version"] = "1",
                ["description"] = "What people do through fcml. Every call needs a person's client certificate or bearer token; docs/reference/rest.md says what the shapes cannot.",
            },
            ["security"] = new JsonArray(new JsonObject { ["certificate"] = new JsonArray() }, new JsonObject { ["token"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["certificate"] = new JsonObject { ["type"] = "mutualTLS" },
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT" },
                },
                ["schemas"] = new JsonObject([.. messages.Select(message => KeyValuePair.Create(message.Key, (JsonNode?)Shape(message.Value))), KeyValuePair.Create("Problem", (JsonNode?)Problem())]),
            },
        };
    }

    private static JsonObject Operation(RestCall call)
    {
        var operation = new JsonObject
        {
            ["operationId"] = call.Call.Name,
            ["tags"] = new JsonArray(call.Call.Service.Name),
            ["description"] = $"Roles: {Access.Table[call.Row].ToString().ToLowerInvariant()}.{(call.Call.IsServerStreaming ? " A stream: one message a line." : "")}",
        };
        var bound = Bound(call);
        var others = call.Call.InputType.Fields.InDeclarationOrder().Where(field => !bound.Contains(field.Name)).ToList();
        var parameters = new JsonArray([.. bound.Select(name => Parameter(call.Call.InputType.FindFieldByName(name), "path"))]);
        if (call.HasBody)
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", Message(others)) };
        else
            others.ForEach(field => parameters.Add(Parameter(field, "query")));
        if (parameters.Count > 0)
            operation["parameters"] = parameters;
        operation["responses"] = new JsonObject
        {
            ["200"] = new JsonObject { ["description"] = "Done.", ["content"] = Content("application/json", Reference(call.Call.OutputType)) },
            ["default"] = new JsonObject { ["description"] = "A fault of the catalogue (docs/reference/faults.md).", ["content"] = Content("application/problem+json", new JsonObject { ["$ref"] = "#/components/schemas/Problem" }) },
        };
        return operation;
    }

    private static JsonObject Parameter(FieldDescriptor field, string place)
    {
        var parameter = new JsonObject { ["name"] = field.JsonName, ["in"] = place, ["schema"] = Shape(field) };
        if (place == "path")
            parameter["required"] = true;
        return parameter;
    }

    private static JsonObject Content(string type, JsonObject schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    private static JsonObject Message(IEnumerable<FieldDescriptor> fields) => new()
    {
        ["type"] = "object", ["properties"] = new JsonObject(fields.Select(field => KeyValuePair.Create(field.JsonName, (JsonNode?)Shape(field)))),
    };

    private static JsonObject Shape(MessageDescriptor message) => Message(message.Fields.InDeclarationOrder());

    private static JsonObject Shape(FieldDescriptor field) => field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = One(field) } : One(field);

    private static JsonObject One(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => new JsonObject { ["type"] = "string" },
        FieldType.Bytes => new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64" },
        FieldType.Bool => new JsonObject { ["type"] = "boolean" },
        FieldType.UInt32 => new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = uint.MaxValue },
        FieldType.Double => new JsonObject { ["type"] = "number" },
        FieldType.UInt64 or FieldType.Int64 => new JsonObject { ["type"] = "string", ["pattern"] = "^-?[0-9]+$" },
        FieldType.Enum => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. field.EnumType.Values.Select(value => JsonValue.Create(value.Name))]) },
        FieldType.Message => Reference(field.MessageType),
        _ => throw new InvalidOperationException($"{field.FullName} is of the type {field.FieldType}, which OpenApi does not describe yet."),
    };

    private static JsonObject Reference(MessageDescriptor message) => new() { ["$ref"] = $"#/components/schemas/{NameOf(message)}" };

    private static JsonObject Problem() => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("type", "title", "status", "code"),
        ["properties"] = new JsonObject
        {
            ["type"] = new JsonObject { ["type"] = "string", ["format"] = "uri" }, ["title"] = new JsonObject { ["type"] = "string" }, ["status"] = new JsonObject { ["type"] = "integer" },
            ["code"] = new JsonObject { ["type"] = "string" }, ["detail"] = new JsonObject { ["type"] = "string" },
        },
    };

    private static void Collect(MessageDescriptor message, SortedDictionary<string, MessageDescriptor> into)
    {
        if (into.TryAdd(NameOf(message), message))
            CollectPartsOf(message, into);
    }

    private static void CollectPartsOf(MessageDescriptor message, SortedDictionary<string, MessageDescriptor> into)
    {
        foreach (var field in message.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message))
            Collect(field.MessageType, into);
    }

    private static string NameOf(MessageDescriptor message) => message.FullName[(message.File.Package.Length + 1)..];

    private static string PathOf(RestCall call) => Variable().Replace(call.Path, match => $"{{{call.Call.InputType.FindFieldByName(match.Groups[1].Value).JsonName}}}");

    private static ImmutableArray<string> Bound(RestCall call) => [.. Variable().Matches(call.Path).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"\{(\w+)(?:=[^}]*)?\}")]
    private static partial Regex Variable();
}
