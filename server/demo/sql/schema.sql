-- Purpose:    The demo's database: a snooker club's till, as Prisma would have migrated it.
-- Parameters: none. Runs in one transaction, in a database without tables.
-- Result:     enums, ten tables, their keys, foreign keys and indexes in schema public; no rows.

CREATE TYPE public."Role" AS ENUM ('OWNER', 'MANAGER', 'BAR', 'COACH');
CREATE TYPE public."Membership" AS ENUM ('GUEST', 'MEMBER', 'LEAGUE', 'JUNIOR');
CREATE TYPE public."TableKind" AS ENUM ('SNOOKER', 'POOL', 'BILLIARDS');
CREATE TYPE public."SessionStatus" AS ENUM ('PLAYING', 'FINISHED');
CREATE TYPE public."SaleStatus" AS ENUM ('OPEN', 'PAID');
CREATE TYPE public."PaymentMethod" AS ENUM ('CASH', 'CARD', 'CONTACTLESS', 'ACCOUNT');
CREATE TYPE public."MovementReason" AS ENUM ('DELIVERY', 'SALE', 'BREAKAGE', 'COUNT');

CREATE TABLE public."Employee" (
    "id"        TEXT           NOT NULL,
    "name"      TEXT           NOT NULL,
    "email"     TEXT           NOT NULL,
    "role"      public."Role"  NOT NULL DEFAULT 'BAR',
    "hiredOn"   DATE           NOT NULL,
    "active"    BOOLEAN        NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "Employee_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Employee_email_key" ON public."Employee" ("email");

CREATE TABLE public."Category" (
    "id"        TEXT           NOT NULL,
    "name"      TEXT           NOT NULL,
    "parentId"  TEXT,
    "position"  INTEGER        NOT NULL DEFAULT 0,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "Category_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Category_parentId_fkey" FOREIGN KEY ("parentId")
        REFERENCES public."Category" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "Category_parentId_idx" ON public."Category" ("parentId");

CREATE TABLE public."Product" (
    "id"         TEXT           NOT NULL,
    "sku"        TEXT           NOT NULL,
    "name"       TEXT           NOT NULL,
    "categoryId" TEXT           NOT NULL,
    "price"      DECIMAL(10, 2) NOT NULL,
    "taxRate"    DECIMAL(4, 2)  NOT NULL DEFAULT 20,
    "reorderAt"  INTEGER        NOT NULL DEFAULT 0,
    "tags"       TEXT[]         NOT NULL DEFAULT ARRAY[]::TEXT[],
    "attributes" JSONB          NOT NULL DEFAULT '{}',
    "active"     BOOLEAN        NOT NULL DEFAULT true,
    "createdAt"  TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"  TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "Product_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Product_categoryId_fkey" FOREIGN KEY ("categoryId")
        REFERENCES public."Category" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "Product_sku_key" ON public."Product" ("sku");
CREATE INDEX "Product_categoryId_idx" ON public."Product" ("categoryId");
CREATE INDEX "Product_tags_idx" ON public."Product" USING gin ("tags");

CREATE TABLE public."Customer" (
    "id"          TEXT                NOT NULL,
    "name"        TEXT                NOT NULL,
    "email"       TEXT,
    "phone"       TEXT,
    "membership"  public."Membership" NOT NULL DEFAULT 'GUEST',
    "preferences" JSONB,
    "createdAt"   TIMESTAMPTZ(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMPTZ(3)      NOT NULL,
    CONSTRAINT "Customer_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Customer_email_key" ON public."Customer" ("email");

CREATE TABLE public."SnookerTable" (
    "id"        TEXT               NOT NULL,
    "number"    INTEGER            NOT NULL,
    "kind"      public."TableKind" NOT NULL DEFAULT 'SNOOKER',
    "maker"     TEXT               NOT NULL,
    "perHour"   DECIMAL(10, 2)     NOT NULL,
    "inService" BOOLEAN            NOT NULL DEFAULT true,
    "updatedAt" TIMESTAMPTZ(3)     NOT NULL,
    CONSTRAINT "SnookerTable_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "SnookerTable_number_key" ON public."SnookerTable" ("number");

CREATE TABLE public."TableSession" (
    "id"         TEXT                   NOT NULL,
    "tableId"    TEXT                   NOT NULL,
    "customerId" TEXT,
    "status"     public."SessionStatus" NOT NULL DEFAULT 'PLAYING',
    "startedAt"  TIMESTAMPTZ(3)         NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt"    TIMESTAMPTZ(3),
    "charge"     DECIMAL(10, 2),
    CONSTRAINT "TableSession_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "TableSession_tableId_fkey" FOREIGN KEY ("tableId")
        REFERENCES public."SnookerTable" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "TableSession_customerId_fkey" FOREIGN KEY ("customerId")
        REFERENCES public."Customer" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "TableSession_tableId_idx" ON public."TableSession" ("tableId");
CREATE INDEX "TableSession_customerId_idx" ON public."TableSession" ("customerId");
CREATE INDEX "TableSession_status_startedAt_idx" ON public."TableSession" ("status", "startedAt");

CREATE TABLE public."Sale" (
    "id"         TEXT                NOT NULL,
    "receipt"    TEXT                NOT NULL,
    "status"     public."SaleStatus" NOT NULL DEFAULT 'OPEN',
    "employeeId" TEXT                NOT NULL,
    "customerId" TEXT,
    "sessionId"  TEXT,
    "total"      DECIMAL(10, 2)      NOT NULL DEFAULT 0,
    "openedAt"   TIMESTAMPTZ(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closedAt"   TIMESTAMPTZ(3),
    CONSTRAINT "Sale_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Sale_employeeId_fkey" FOREIGN KEY ("employeeId")
        REFERENCES public."Employee" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "Sale_customerId_fkey" FOREIGN KEY ("customerId")
        REFERENCES public."Customer" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Sale_sessionId_fkey" FOREIGN KEY ("sessionId")
        REFERENCES public."TableSession" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "Sale_receipt_key" ON public."Sale" ("receipt");
CREATE INDEX "Sale_employeeId_idx" ON public."Sale" ("employeeId");
CREATE INDEX "Sale_customerId_idx" ON public."Sale" ("customerId");
CREATE INDEX "Sale_sessionId_idx" ON public."Sale" ("sessionId");
CREATE INDEX "Sale_status_openedAt_idx" ON public."Sale" ("status", "openedAt");

CREATE TABLE public."SaleItem" (
    "saleId"    TEXT           NOT NULL,
    "lineNo"    INTEGER        NOT NULL,
    "productId" TEXT           NOT NULL,
    "quantity"  INTEGER        NOT NULL DEFAULT 1,
    "unitPrice" DECIMAL(10, 2) NOT NULL,
    "discount"  DECIMAL(10, 2) NOT NULL DEFAULT 0,
    "note"      TEXT,
    CONSTRAINT "SaleItem_pkey" PRIMARY KEY ("saleId", "lineNo"),
    CONSTRAINT "SaleItem_saleId_fkey" FOREIGN KEY ("saleId")
        REFERENCES public."Sale" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "SaleItem_productId_fkey" FOREIGN KEY ("productId")
        REFERENCES public."Product" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "SaleItem_productId_idx" ON public."SaleItem" ("productId");

CREATE TABLE public."Payment" (
    "id"        TEXT                   NOT NULL,
    "saleId"    TEXT                   NOT NULL,
    "method"    public."PaymentMethod" NOT NULL,
    "amount"    DECIMAL(10, 2)         NOT NULL,
    "reference" TEXT,
    "paidAt"    TIMESTAMPTZ(3)         NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Payment_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Payment_saleId_fkey" FOREIGN KEY ("saleId")
        REFERENCES public."Sale" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "Payment_saleId_idx" ON public."Payment" ("saleId");
CREATE INDEX "Payment_paidAt_idx" ON public."Payment" ("paidAt");

CREATE TABLE public."StockMovement" (
    "id"         TEXT                    NOT NULL,
    "productId"  TEXT                    NOT NULL,
    "employeeId" TEXT,
    "saleId"     TEXT,
    "reason"     public."MovementReason" NOT NULL,
    "quantity"   INTEGER                 NOT NULL,
    "createdAt"  TIMESTAMPTZ(3)          NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "StockMovement_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "StockMovement_productId_fkey" FOREIGN KEY ("productId")
        REFERENCES public."Product" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "StockMovement_employeeId_fkey" FOREIGN KEY ("employeeId")
        REFERENCES public."Employee" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "StockMovement_saleId_fkey" FOREIGN KEY ("saleId")
        REFERENCES public."Sale" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "StockMovement_productId_createdAt_idx" ON public."StockMovement" ("productId", "createdAt");
CREATE INDEX "StockMovement_saleId_idx" ON public."StockMovement" ("saleId");
CREATE INDEX "StockMovement_employeeId_idx" ON public."StockMovement" ("employeeId");
