using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What the OpenAPI document says beside the calls.</summary>
internal static class ScoringDocument
{
    private const string Scheme = "key";

    /// <summary>Title, version and the bearer key.</summary>
    public static void Configure(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info = new OpenApiInfo
        {
            Title = "Scoring at the site", Version = "v1",
            Description = "Scores patients inside the hospital. Every call but those to /health has the header 'Authorization: Bearer KEY', with a key that 'site-scoring keys add' has made; an EHR may send a token of its own to /cds-services instead (CDS Hooks 2.0).",
        };
        document.Servers = []; // whoever reads it knows where it was read
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme> { [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" } };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
        return Task.CompletedTask;
    });
}
